//! Wrong: it tries again at once, so while no descriptor is free the loop spins.

use std::io;
use std::time::Duration;
use tokio::time::sleep;

#[derive(Debug)]
enum Accept {
    Client,
    GaveUp,
    NoDescriptor,
}

trait Door {
    /// The next client, or what went wrong; `None` once the door is closed.
    async fn accept(&mut self) -> Option<Accept>;
}

const PAUSE: Duration = Duration::from_millis(100);

/// Goes on at once, whatever went wrong.
async fn serve(door: &mut impl Door) -> io::Result<u32> {
    let mut greeted = 0;
    while let Some(accepted) = door.accept().await {
        if let Accept::Client = accepted {
            greeted += 1;
        }
        if greeted > 1_000 {
            sleep(PAUSE).await;
        }
    }
    Ok(greeted)
}

fn main() {}
