//! Whether `gen` is a name.

fn main() {
    let gen = 3;
    println!("{gen}");
}
// 2021: 3
// 2024: refused, expected identifier, found reserved keyword `gen`
