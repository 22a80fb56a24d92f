use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::sleep;

mod door {
    pub async fn walk(seconds: u64) {
        super::sleep(super::Duration::from_secs(seconds)).await;
    }
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let (ring, bell) = oneshot::channel();
    let guest = tokio::spawn(async move {
        door::walk(2).await;
        ring.send("ding").expect("the host listens");
    });
    println!("{}", bell.await.expect("the guest rings"));
    guest.await.expect("no panic");
}
