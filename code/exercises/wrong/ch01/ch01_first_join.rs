//! Wrong: two `.await`s in a row are two waits in a row.

use std::time::Duration;
use tokio::time::sleep;

async fn name() -> String {
    sleep(Duration::from_secs(1)).await;
    "Ada".to_string()
}

async fn unread() -> u32 {
    sleep(Duration::from_secs(2)).await;
    7
}

/// Returns, for example, `Ada: 7 unread`.
async fn greeting() -> String {
    let name = name().await;
    let unread = unread().await;
    format!("{name}: {unread} unread")
}

fn main() {}
