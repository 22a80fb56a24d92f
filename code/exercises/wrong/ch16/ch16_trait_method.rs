//! Wrong: a thread of your own has no current handle.

use tokio::runtime::Handle;

/// Not ours: we can't make `length` async.
trait Store {
    fn length(&self, key: &str) -> usize;
}

/// Asks the server. It needs the runtime.
async fn ask(key: String) -> usize {
    tokio::spawn(async move { key.len() })
        .await
        .expect("no panic")
}

struct Remote;

impl Remote {
    /// A store that asks through the runtime that this is called in.
    fn new() -> Remote {
        Remote
    }
}

impl Store for Remote {
    fn length(&self, key: &str) -> usize {
        Handle::current().block_on(ask(key.to_owned()))
    }
}

fn main() {
    // You can experiment here; the tests decide.
}
