//! How a function that is called `gen` is called.

fn r#gen() -> u32 {
    3
}

fn main() {
    println!("{}", r#gen());
}
// 2021: 3
// 2024: 3
