use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};

struct Task<F>(Mutex<F>);

impl<F: Future + Send + 'static> Wake for Task<F> {
    fn wake(self: Arc<Self>) {}
}

fn spawn<F: Future + Send + 'static>(future: F) -> Waker {
    Waker::from(Arc::new(Task(Mutex::new(future))))
}

fn main() {
    let greeting = Rc::new("hello");
    spawn(async move { println!("{greeting}") }).wake();
}
