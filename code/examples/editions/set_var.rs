//! Whether `set_var` is safe.

fn main() {
    std::env::set_var("TEA", "3");
}
// 2021: runs
// 2024: refused, E0133
