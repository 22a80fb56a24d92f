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

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::sleep;

    const SECOND: Duration = Duration::from_secs(1);

    // `tokio::test` runs an async function as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_person_comes_once_and_goes_once_over_a_bad_line() {
        let mut presence = Presence::default();
        assert!(presence.sign_of_life("ben"));
        for _reconnect in 0..20 {
            sleep(LEASE - SECOND).await;
            assert_eq!(presence.expire(), [""; 0]);
            assert!(!presence.sign_of_life("ben"));
        }
        sleep(LEASE + SECOND).await;
        assert_eq!(presence.expire(), ["ben"]);
        assert_eq!(presence.expire(), [""; 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn one_of_two_devices_may_fall_silent() {
        let mut presence = Presence::default();
        presence.sign_of_life("ben"); // the phone, which falls into a river
        for _pong in 0..10 {
            presence.sign_of_life("ben"); // the laptop
            sleep(LEASE / 2).await;
            assert_eq!(presence.expire(), [""; 0]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_back_late_comes_anew() {
        let mut presence = Presence::default();
        presence.sign_of_life("ben");
        sleep(LEASE * 2).await;
        assert_eq!(presence.expire(), ["ben"]);
        assert!(presence.sign_of_life("ben"));
    }
}
