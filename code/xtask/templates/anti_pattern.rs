// TODO: the smallest program that the compiler refuses for the reason the chapter explains.
fn main() {}
