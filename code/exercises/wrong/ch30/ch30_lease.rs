//! Wrong: only the first sign of life counts, so everyone leaves when the first lease ends.

use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// A sign of life holds for so long.
const LEASE: Duration = Duration::from_secs(10);

/// Who is here.
#[derive(Default)]
struct Presence {
    /// Until when each person is here.
    here: BTreeMap<String, Instant>,
}

impl Presence {
    /// A pong, or a frame, of one of this person's connections. Returns whether they come now.
    fn sign_of_life(&mut self, name: &str) -> bool {
        if self.here.contains_key(name) {
            return false; // known already
        }
        self.here.insert(name.to_owned(), Instant::now() + LEASE);
        true
    }

    /// Returns those who have gone since the last call.
    fn expire(&mut self) -> Vec<String> {
        let now = Instant::now();
        let gone = self.here.extract_if(.., |_, until| *until < now);
        gone.map(|(name, _)| name).collect()
    }
}

fn main() {}
