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
