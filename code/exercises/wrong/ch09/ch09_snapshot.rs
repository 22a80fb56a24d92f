//! Wrong: locking anew for each host mixes two lists in one round.

use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::sleep;

struct Client {
    hosts: Mutex<Arc<Vec<&'static str>>>,
}

/// Takes a second, and returns what was asked.
async fn ask(host: &'static str) -> &'static str {
    sleep(Duration::from_secs(1)).await;
    host
}

impl Client {
    fn replace(&self, hosts: Vec<&'static str>) {
        *self.hosts.lock().unwrap() = Arc::new(hosts);
    }

    /// The answers of all hosts, in the order of the list.
    async fn ask_all(&self) -> Vec<&'static str> {
        let mut answers = Vec::new();
        loop {
            let host = self.hosts.lock().unwrap().get(answers.len()).copied();
            let Some(host) = host else { return answers };
            answers.push(ask(host).await);
        }
    }
}

fn main() {}
