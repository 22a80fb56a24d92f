//! Wrong: a sleep instead of a timeout, so that the polite ones are killed as well.

use std::time::Duration;
use tokio::time::timeout;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signal {
    Term,
    Kill,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Code(i32),
    Killed(Signal),
}

trait Process {
    fn signal(&mut self, signal: Signal);
    /// Waits until the process has ended. Can be dropped, and called again.
    async fn wait(&mut self) -> Exit;
    /// How it ended, if it has.
    fn try_wait(&mut self) -> Option<Exit>;
}

/// Ends `process`, and says how it ended.
async fn stop(process: &mut impl Process, grace: Duration) -> Exit {
    process.signal(Signal::Term);
    // A sleep instead of a timeout: the polite ones are waited for as long, and killed, too.
    tokio::time::sleep(grace).await;
    process.signal(Signal::Kill);
    process.wait().await
}

fn main() {}
