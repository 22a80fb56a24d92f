use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let (sender, mut inbox) = mpsc::channel(4);
    tokio::spawn(async move {
        sleep(Duration::from_secs(1)).await;
        sender.send("late").await.unwrap();
    });
    let start = Instant::now();
    let mut heard = Vec::new();
    loop {
        tokio::select! {
            biased;
            Some(word) = inbox.recv() => heard.push(word),
            _ = sleep(Duration::from_secs(3)), if start.elapsed().is_zero() => panic!(),
            else => break,
        }
    }
    tokio::select! {
        _ = sleep(Duration::from_secs(5)) => panic!("the shorter one wins"),
        _ = sleep(Duration::from_secs(4)) => heard.push("timer"),
    }
    assert_eq!(heard, ["late", "timer"]);
}
