//! Three functions spawn tasks, and rustc refuses all three, with five of the six
//! messages of chapter 4.
//!
//! Fix them one by one, and keep them tasks: what they do side by side now must stay
//! side by side.

use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// Greets each name in a task of its own; the answers are in the order of the names.
pub async fn greet_all(greeting: String, names: Vec<String>) -> Vec<String> {
    let mut tasks = Vec::new();
    for name in names {
        // TODO: both strings are borrowed, and one of them is wanted by every task.
        tasks.push(tokio::spawn(async {
            sleep(Duration::from_secs(1)).await;
            format!("{greeting}, {name}")
        }));
    }
    let mut greetings = Vec::new();
    for task in tasks {
        greetings.push(task.await.unwrap());
    }
    greetings
}

#[derive(Default)]
pub struct Counter {
    hits: Mutex<u32>,
}

impl Counter {
    /// Counts a hit, and gives the number of hits up to this one, a second later.
    pub fn hit(self: &Arc<Self>) -> JoinHandle<u32> {
        // TODO: `self` is a reference; then there will be a second message.
        tokio::spawn(async move {
            let mut hits = self.hits.lock().unwrap();
            *hits += 1;
            let number = *hits;
            drop(hits);
            sleep(Duration::from_secs(1)).await;
            number
        })
    }
}

/// Parses a number in a task. A text that is not a number is an error, not a panic.
pub async fn parse_in_a_task(text: String) -> Result<u32, Box<dyn Error>> {
    // TODO: the task returns a `Result`, and the handle returns another one.
    let number: u32 = tokio::spawn(async move { text.parse::<u32>() }).await?;
    Ok(number)
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    // `tokio::test` runs an async function as a #[test]
    #[tokio::test(start_paused = true)]
    async fn three_greetings_take_one_second() {
        let start = Instant::now();
        let names = ["Ada", "Alan", "Grace"].map(String::from).to_vec();
        let greetings = greet_all("Hello".into(), names).await;
        assert_eq!(greetings, ["Hello, Ada", "Hello, Alan", "Hello, Grace"]);
        assert_eq!(start.elapsed(), Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn two_hits_are_counted_side_by_side() {
        let start = Instant::now();
        let counter = Arc::new(Counter::default());
        let (first, second) = (counter.hit(), counter.hit());
        let mut numbers = [first.await.unwrap(), second.await.unwrap()];
        numbers.sort();
        assert_eq!(numbers, [1, 2]);
        assert_eq!(start.elapsed(), Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_hit_outlives_its_caller() {
        let hit = Arc::new(Counter::default()).hit();
        assert_eq!(hit.await.unwrap(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_text_that_is_not_a_number_is_an_error() {
        assert_eq!(parse_in_a_task("7".into()).await.unwrap(), 7);
        assert!(parse_in_a_task("seven".into()).await.is_err());
    }
}
