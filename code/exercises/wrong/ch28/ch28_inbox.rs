//! Wrong: the inbox has a commit of its own, so what fails or crashes after it is taken for sent.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::sleep;

#[derive(Clone, Debug, Default)]
struct Disk {
    seen: BTreeSet<u32>,
    sent: Vec<String>,
}

type Store = Mutex<Disk>;

/// A second, and then all of the change or none of it.
async fn commit<T>(
    store: &Store,
    change: impl FnOnce(&mut Disk) -> Result<T, String>,
) -> Result<T, String> {
    sleep(Duration::from_secs(1)).await;
    let mut disk = store.lock().unwrap();
    let mut changed = disk.clone();
    let answer = change(&mut changed)?;
    *disk = changed;
    Ok(answer)
}

/// Some mails can't be sent.
fn send(disk: &mut Disk, mail: &str) -> Result<(), String> {
    if mail.contains('@') {
        disk.sent.push(mail.to_owned());
        return Ok(());
    }
    Err(format!("{mail} has no address"))
}

/// Sends a mail, unless the message was dealt with before.
async fn receive(store: &Store, message: u32, mail: &str) -> Result<(), String> {
    let is_new = commit(store, |disk| Ok(disk.seen.insert(message))).await?;
    if is_new {
        commit(store, |disk| send(disk, mail)).await?;
    }
    Ok(())
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::timeout;

    // `tokio::test` runs an async function as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_message_that_comes_three_times_is_sent_once() {
        let store = Store::default();
        for _ in 0..3 {
            receive(&store, 1, "ada@example.org").await.unwrap();
        }
        assert_eq!(store.lock().unwrap().sent, ["ada@example.org"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_that_failed_is_tried_again() {
        let store = Store::default();
        assert!(receive(&store, 1, "ada").await.is_err());
        receive(&store, 1, "ada@example.org").await.unwrap(); // the address was corrected
        assert_eq!(store.lock().unwrap().sent, ["ada@example.org"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_crash_at_any_moment_loses_no_mail() {
        for half_seconds in 0..8 {
            let store = Store::default();
            let crash = Duration::from_millis(half_seconds * 500 + 250);
            let _ = timeout(crash, receive(&store, 1, "ada@example.org")).await;
            receive(&store, 1, "ada@example.org").await.unwrap();
            assert_eq!(store.lock().unwrap().sent, ["ada@example.org"]);
        }
    }
}
