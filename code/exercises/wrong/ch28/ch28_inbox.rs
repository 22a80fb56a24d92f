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
