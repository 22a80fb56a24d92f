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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc as blocking;
    use tokio::sync::mpsc;
    use tokio::task::JoinHandle;

    /// Starts ten pieces. Each reports its number, and then waits for a go.
    fn start() -> (
        JoinHandle<u32>,
        mpsc::UnboundedReceiver<u32>,
        blocking::Sender<()>,
    ) {
        let (report, reports) = mpsc::unbounded_channel();
        let (go, goes) = blocking::channel();
        let piece = move |number| {
            let _ = report.send(number);
            let _ = goes.recv(); // fails, and goes on, when `go` is gone
        };
        (tokio::spawn(in_pieces(10, piece)), reports, go)
    }

    // `tokio::test` runs an async function, here on one thread, as a #[test]
    #[tokio::test]
    async fn a_caller_that_waits_gets_all_pieces() {
        let (task, mut reports, go) = start();
        drop(go);
        assert_eq!(task.await.unwrap(), 10);
        for number in 0..10 {
            assert_eq!(reports.recv().await, Some(number));
        }
        assert_eq!(reports.recv().await, None);
    }

    #[tokio::test]
    async fn a_piece_under_way_is_not_cut_off() {
        let (task, mut reports, go) = start();
        assert_eq!(reports.recv().await, Some(0));
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        go.send(()).expect("the piece should still be there");
    }

    #[tokio::test]
    async fn no_piece_is_begun_after_the_drop() {
        let (task, mut reports, go) = start();
        go.send(()).unwrap();
        assert_eq!(reports.recv().await, Some(0));
        assert_eq!(reports.recv().await, Some(1));
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        drop(go); // the piece goes on
        assert_eq!(reports.recv().await, None, "another piece was begun");
    }
}
