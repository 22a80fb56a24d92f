use std::cell::Cell;
use std::rc::Rc;
use std::thread;

fn on_a_thread(work: impl FnOnce() + Send + 'static) {
    thread::spawn(work).join().unwrap();
}

fn main() {
    let total = Rc::new(Cell::new(0));
    let mine = Rc::clone(&total);
    on_a_thread(move || mine.set(mine.get() + 1));
    assert_eq!(total.get(), 1);
}
