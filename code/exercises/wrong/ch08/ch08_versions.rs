//! Wrong: a fresh version with a stale text is saved, and overwrites the change in between.

#![allow(dead_code)]

use std::sync::Mutex;

/// A text with a version that grows with each save.
struct Store(Mutex<(u32, String)>);

/// The text has changed since.
#[derive(Debug)]
struct Conflict;

impl Store {
    fn read(&self) -> (u32, String) {
        self.0.lock().unwrap().clone()
    }

    /// Saves `text`, which was made from `version`.
    fn save(&self, version: u32, text: String) -> Result<(), Conflict> {
        let mut stored = self.0.lock().unwrap();
        if stored.0 != version {
            return Err(Conflict);
        }
        *stored = (version + 1, text);
        Ok(())
    }
}

/// Changes the text in `store` by `change`, which takes its time.
async fn update(store: &Store, change: impl AsyncFn(String) -> String) {
    let (_, text) = store.read();
    let text = change(text).await;
    while store.save(store.read().0, text.clone()).is_err() {}
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    use tokio::task::yield_now;
    use tokio_test::task::spawn;
    use tokio_test::{assert_pending, assert_ready};

    fn store(text: &str) -> Store {
        Store(Mutex::new((1, text.to_owned())))
    }

    async fn add_end(text: String) -> String {
        yield_now().await;
        text + ", end"
    }

    #[test]
    fn a_change_is_saved() {
        let store = store("begin");
        let mut editor = spawn(update(&store, add_end));
        assert_pending!(editor.poll());
        assert_ready!(editor.poll());
        assert_eq!(store.read(), (2, "begin, end".to_owned()));
    }

    #[test]
    fn a_change_in_between_is_kept() {
        let store = store("begin");
        let mut editor = spawn(update(&store, add_end));
        assert_pending!(editor.poll()); // has read, and thinks
        store.save(1, "begin, middle".to_owned()).unwrap();
        assert_pending!(editor.poll()); // a conflict: thinks again
        assert_ready!(editor.poll());
        assert_eq!(store.read(), (3, "begin, middle, end".to_owned()));
    }

    #[test]
    fn others_may_read_while_it_thinks() {
        let store = store("begin");
        let mut editor = spawn(update(&store, add_end));
        assert_pending!(editor.poll());
        assert!(store.0.try_lock().is_ok());
    }
}
