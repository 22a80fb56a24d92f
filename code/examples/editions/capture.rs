//! Whether `impl Future` borrows an argument that it doesn't use.

// ANCHOR: program
use std::future::Future;

fn shout(name: &str) -> impl Future<Output = String> {
    let loud = name.to_uppercase();
    async move { loud }
}

fn main() {
    let call = {
        let name = String::from("tea");
        shout(&name)
    };
    drop(call);
}
// 2021: runs
// 2024: refused, E0597
// ANCHOR_END: program
