//! `Store` is an ordinary trait, and your way to the answer is async. Write `Remote`: it is
//! made inside the runtime, and asked on threads that may block: those of the pool, and
//! ordinary ones.

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

struct Remote {
    handle: Handle,
}

impl Remote {
    /// A store that asks through the runtime that this is called in.
    fn new() -> Remote {
        let handle = Handle::current();
        Remote { handle }
    }
}

impl Store for Remote {
    fn length(&self, key: &str) -> usize {
        self.handle.block_on(ask(key.to_owned()))
    }
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;
    use tokio::sync::oneshot;
    use tokio::task::spawn_blocking;

    // `tokio::test` runs an async function, here on one thread, as a #[test]
    #[tokio::test]
    async fn it_answers_on_the_blocking_pool() {
        let store = Remote::new();
        let asking = spawn_blocking(move || store.length("pear"));
        assert_eq!(asking.await.unwrap(), 4);
    }

    #[tokio::test]
    async fn it_answers_on_a_thread_that_knows_no_runtime() {
        let store = Remote::new();
        let (tell, told) = oneshot::channel();
        thread::spawn(move || tell.send(store.length("apple")));
        assert_eq!(told.await, Ok(5), "the thread has panicked");
    }

    #[tokio::test]
    #[should_panic = "Cannot start a runtime from within a runtime"]
    async fn in_a_task_it_panics_instead_of_blocking() {
        Remote::new().length("pear");
    }
}
