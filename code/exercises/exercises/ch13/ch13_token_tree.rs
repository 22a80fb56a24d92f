//! A server has connections, a connection has requests. Each has a token.
//!
//! - Shutting the server down stops all connections and all requests.
//! - Closing a connection stops its own requests and no others.
//! - So does dropping a connection: the client has hung up.
//! - Cancelling one request stops that request alone.
//!
//! Complete the three functions.

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
        // TODO: a token below the server's, and a guard for it.
        todo!()
    }
}

impl Connection {
    /// The token of a new request.
    fn request(&self) -> CancellationToken {
        // TODO: a token below the connection's.
        todo!()
    }

    fn close(&self) {
        // TODO: stop this connection and what is below it.
        todo!()
    }
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_stopped_at_first() {
        let server = Server::new();
        let connection = server.accept();
        let request = connection.request();
        assert!(!connection.stop.is_cancelled() && !request.is_cancelled());
    }

    #[test]
    fn shutting_down_stops_every_request() {
        let server = Server::new();
        let (alice, bob) = (server.accept(), server.accept());
        let requests = [alice.request(), alice.request(), bob.request()];
        server.shut_down();
        assert!(requests.iter().all(CancellationToken::is_cancelled));
    }

    #[test]
    fn closing_a_connection_stops_its_requests_only() {
        let server = Server::new();
        let (alice, bob) = (server.accept(), server.accept());
        let (hers, his) = (alice.request(), bob.request());
        alice.close();
        assert!(hers.is_cancelled());
        assert!(!his.is_cancelled(), "bob's request was stopped");
        assert!(!server.stop.is_cancelled(), "the server was stopped");
    }

    #[test]
    fn dropping_a_connection_stops_its_requests_only() {
        let server = Server::new();
        let (alice, bob) = (server.accept(), server.accept());
        let (hers, his) = (alice.request(), bob.request());
        drop(alice);
        assert!(hers.is_cancelled(), "alice hung up, her request runs on");
        assert!(!his.is_cancelled(), "bob's request was stopped");
    }

    #[test]
    fn cancelling_a_request_stops_it_alone() {
        let server = Server::new();
        let connection = server.accept();
        let (one, other) = (connection.request(), connection.request());
        one.cancel();
        assert!(!other.is_cancelled(), "the other request was stopped");
        assert!(!connection.stop.is_cancelled(), "so was the connection");
    }

    #[test]
    fn a_connection_after_the_shutdown_is_stopped_already() {
        let server = Server::new();
        server.shut_down();
        assert!(server.accept().request().is_cancelled());
    }
}
