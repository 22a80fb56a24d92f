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
