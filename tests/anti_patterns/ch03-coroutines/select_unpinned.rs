use std::time::Duration;
use tokio::time::sleep;

async fn brew() -> u32 {
    sleep(Duration::from_millis(3_500)).await;
    2
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let mut tea = brew();
    let mut reminders = 0;
    let cups = loop {
        tokio::select! {
            cups = &mut tea => break cups,
            () = sleep(Duration::from_secs(1)) => reminders += 1,
        }
    };
    assert_eq!((cups, reminders), (2, 3));
}
