//! Wrong: starts it again at once, and forever.

use std::time::Duration;
use tokio::time::sleep;

#[derive(Debug, PartialEq)]
struct GaveUp;

async fn supervise<F>(start: impl Fn(u32) -> F) -> Result<u32, GaveUp>
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut life = 1;
    while tokio::spawn(start(life)).await.is_err() {
        life += 1;
        sleep(Duration::from_millis(1)).await;
        if life > 100 {
            return Err(GaveUp);
        }
    }
    Ok(life)
}

fn main() {}
