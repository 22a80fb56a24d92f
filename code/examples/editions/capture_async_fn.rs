//! Whether `async fn` borrows an argument that it doesn't use.

async fn shout(name: &str) -> usize {
    name.len()
}

fn main() {
    let call = {
        let name = String::from("tea");
        shout(&name)
    };
    drop(call);
}
// 2021: refused, E0597
// 2024: refused, E0597
