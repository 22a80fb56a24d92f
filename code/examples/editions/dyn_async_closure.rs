//! Whether an async closure can be behind `dyn`.

fn main() {
    let next: Box<dyn AsyncFn(u32) -> u32> = Box::new(async |n| n + 1);
    drop(next);
}
// 2021: refused, E0038
// 2024: refused, E0038
