//! Wrong: drops the wait together with the value that crossed it.

use std::rc::Rc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// Cuts a text into shared words.
fn intern(text: &str) -> Vec<Rc<str>> {
    text.split_whitespace().map(Rc::from).collect()
}

pub async fn count_words(text: String) -> usize {
    intern(&text).len()
}

pub fn spawn_count(text: &str) -> JoinHandle<usize> {
    tokio::spawn(count_words(text.to_string()))
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_spawned_task_counts_the_words() {
        let count = spawn_count("two words").await.unwrap();
        assert_eq!(count, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn the_task_still_waits_one_second() {
        let start = Instant::now();
        spawn_count("one two three").await.unwrap();
        assert_eq!(start.elapsed(), Duration::from_secs(1));
    }
}
