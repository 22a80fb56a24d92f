//! Whether `Future` has to be imported.

fn boxed() -> Box<dyn Future<Output = u32>> {
    Box::new(async { 3 })
}

fn main() {
    drop(boxed());
}
// 2021: refused, E0405
// 2024: runs
