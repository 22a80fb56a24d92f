//! Wrong: compiles, and waits for each task before it starts the next.

use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::sleep;

pub async fn greet_all(greeting: String, names: Vec<String>) -> Vec<String> {
    let mut greetings = Vec::new();
    for name in names {
        let greeting = greeting.clone();
        let task = tokio::spawn(async move {
            sleep(Duration::from_secs(1)).await;
            format!("{greeting}, {name}")
        });
        greetings.push(task.await.unwrap());
    }
    greetings
}

#[derive(Default)]
pub struct Counter {
    hits: Mutex<u32>,
}

impl Counter {
    pub fn hit(self: &Arc<Self>) -> JoinHandle<u32> {
        let counter = Arc::clone(self);
        tokio::spawn(async move {
            let number = {
                let mut hits = counter.hits.lock().unwrap();
                *hits += 1;
                *hits
            };
            sleep(Duration::from_secs(1)).await;
            number
        })
    }
}

pub async fn parse_in_a_task(text: String) -> Result<u32, Box<dyn Error>> {
    let number = tokio::spawn(async move { text.parse::<u32>() }).await??;
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
