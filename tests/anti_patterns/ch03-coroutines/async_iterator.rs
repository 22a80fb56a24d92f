struct Loud<S>(S);

impl<S: std::async_iter::AsyncIterator> Loud<S> {}

fn main() {
    assert_eq!(size_of::<Loud<()>>(), 0);
}
