use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::sleep;

/// Counts its own reminders, one a second, until no handle is left.
async fn run(mut mailbox: mpsc::Receiver<()>, own: mpsc::Sender<()>) -> u32 {
    let weak = own.downgrade();
    drop(own);
    let mut reminders = 0;
    loop {
        sleep(Duration::from_secs(1)).await;
        let Some(own) = weak.upgrade() else {
            return reminders;
        };
        if own.send(()).await.is_err() || mailbox.recv().await.is_none() {
            return reminders;
        }
        reminders += 1;
    }
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    use tokio::time::timeout;

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn it_ends_when_the_last_handle_is_gone() {
        let (handle, mailbox) = mpsc::channel(4);
        let actor = tokio::spawn(run(mailbox, handle.clone()));
        sleep(Duration::from_millis(3_500)).await;
        drop(handle);
        let minute = Duration::from_secs(60);
        let reminders = timeout(minute, actor).await.expect("it ends");
        assert_eq!(reminders.unwrap(), 3);
    }
}
