//! Wrong: looks under one lock and posts under another, so two can see the same version.

use std::collections::BTreeMap;
use std::sync::Mutex;

/// The newest fact of each topic, with its version: 1 for the first of its topic.
#[derive(Default)]
struct Board(Mutex<BTreeMap<&'static str, (u32, i32)>>);

impl Board {
    /// Posts a value if the topic's version is still `seen`, 0 for a topic without a fact.
    /// Returns the new version, or the one that stands against it.
    fn post_if(&self, seen: u32, topic: &'static str, value: i32) -> Result<u32, u32> {
        let facts = self.0.lock().unwrap();
        let now = facts.get(topic).map_or(0, |(version, _)| *version);
        drop(facts);
        if now != seen {
            return Err(now);
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
        self.0.lock().unwrap().insert(topic, (now + 1, value));
        Ok(now + 1)
    }
}

fn main() {}
