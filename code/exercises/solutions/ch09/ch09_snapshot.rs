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
        let hosts = Arc::clone(&self.hosts.lock().unwrap());
        let mut answers = Vec::new();
        for host in hosts.iter() {
            answers.push(ask(host).await);
        }
        answers
    }
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> Client {
        Client {
            hosts: Mutex::new(Arc::new(vec!["a", "b", "c"])),
        }
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn it_asks_all_hosts_in_order() {
        assert_eq!(client().ask_all().await, ["a", "b", "c"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_round_stays_with_its_list() {
        let client = client();
        let replace = async {
            sleep(Duration::from_millis(1_500)).await;
            assert!(client.hosts.try_lock().is_ok(), "replacing must not wait");
            client.replace(vec!["x", "y", "z"]);
        };
        let (answers, ()) = tokio::join!(client.ask_all(), replace);
        assert_eq!(answers, ["a", "b", "c"]);
        assert_eq!(client.ask_all().await, ["x", "y", "z"]);
    }

    #[test]
    fn it_can_be_spawned() {
        fn spawnable(_: impl Future + Send) {}
        spawnable(client().ask_all());
    }
}
