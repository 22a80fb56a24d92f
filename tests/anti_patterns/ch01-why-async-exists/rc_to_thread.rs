use std::cell::Cell;
use std::rc::Rc;
use std::thread;

fn main() {
    let total = Rc::new(Cell::new(0));
    let mine = Rc::clone(&total);
    let add = move || mine.set(mine.get() + 1);
    thread::spawn(add).join().unwrap();
    assert_eq!(total.get(), 1);
}
