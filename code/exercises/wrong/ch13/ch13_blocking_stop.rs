//! Wrong: a blocking closure that has started cannot be aborted.

use tokio::task::spawn_blocking;
use tokio_util::task::AbortOnDropHandle;

/// Calls `piece(0)`, `piece(1)` and so on, and returns how many were done.
async fn in_pieces(pieces: u32, mut piece: impl FnMut(u32) + Send + 'static) -> u32 {
    let work = spawn_blocking(move || {
        let mut done = 0;
        while done < pieces {
            piece(done);
            done += 1;
        }
        done
    });
    let work = AbortOnDropHandle::new(work);
    work.await.expect("a piece does not panic")
}

fn main() {
    // You can experiment here; the tests decide.
}
