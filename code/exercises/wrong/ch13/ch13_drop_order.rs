//! Wrong: the last value made is dropped first, wherever it was moved.

use std::cell::RefCell;
use std::future::pending;

thread_local! {
    static LOG: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

/// Writes its name into the log when it is dropped.
struct Noisy(&'static str);

impl Drop for Noisy {
    fn drop(&mut self) {
        LOG.with_borrow_mut(|log| log.push(self.0));
    }
}

async fn first() {
    let _pan = Noisy("pan");
    let _lid = Noisy("lid");
    pending::<()>().await;
}

async fn boil(_egg: Noisy) {
    let _fire = Noisy("fire");
    pending::<()>().await;
}

async fn second() {
    let egg = Noisy("egg");
    let _clock = Noisy("clock");
    boil(egg).await;
}

async fn third() {
    let _ = Noisy("order");
    let plate = Noisy("plate");
    let _meal = (plate, Noisy("fork"));
    pending::<()>().await;
}

/// This one is dropped before its first poll.
async fn fourth(_tea: Noisy, _cake: Noisy) {
    let _table = Noisy("table");
    pending::<()>().await;
}

/// The names that `first` to `fourth` leave in the log, in order.
fn predictions() -> [Vec<&'static str>; 4] {
    [
        vec!["lid", "pan"],
        vec!["fire", "clock", "egg"],
        vec!["fork", "plate", "order"],
        vec!["cake", "tea"],
    ]
}

fn main() {
    // You can experiment here; the tests decide.
}
