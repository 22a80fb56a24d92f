//! Wrong: a clone of a token is the same token, so closing one connection closes all.

use tokio_util::sync::{CancellationToken, DropGuard};

struct Server {
    stop: CancellationToken,
}

struct Connection {
    stop: CancellationToken,
    /// Cancels a token when the connection is dropped.
    _hangs_up: DropGuard,
}

impl Server {
    fn new() -> Self {
        Self {
            stop: CancellationToken::new(),
        }
    }

    fn shut_down(&self) {
        self.stop.cancel();
    }
}

impl Server {
    fn accept(&self) -> Connection {
        let stop = self.stop.clone();
        Connection {
            _hangs_up: stop.clone().drop_guard(),
            stop,
        }
    }
}

impl Connection {
    /// The token of a new request.
    fn request(&self) -> CancellationToken {
        self.stop.clone()
    }

    fn close(&self) {
        self.stop.cancel();
    }
}

fn main() {
    // You can experiment here; the tests decide.
}
