//! Wrong: spawns in `Drop`, which needs a runtime, and hopes that a minute is enough.

use std::sync::{Arc, Mutex};
use tokio::time::{Duration, sleep};

/// The server, which is far away. All clones are the same one.
#[derive(Clone, Default)]
struct Server(Arc<Mutex<Vec<String>>>);

impl Server {
    async fn goodbye(&self, guest: String) {
        sleep(Duration::from_secs(1)).await;
        self.0.lock().unwrap().push(guest);
    }
}

struct Lobby {
    server: Server,
}

struct Guest {
    name: String,
    server: Server,
}

impl Lobby {
    fn new(server: Server) -> Self {
        Self { server }
    }

    fn enter(&self, name: &str) -> Guest {
        Guest {
            name: name.to_owned(),
            server: self.server.clone(),
        }
    }

    /// Waits until the server has heard of each guest that has left.
    /// Called when all have.
    async fn close(self) {
        sleep(Duration::from_secs(60)).await;
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), std::mem::take(&mut self.name));
        tokio::spawn(async move { server.goodbye(name).await });
    }
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{Instant, timeout};

    async fn close(lobby: Lobby) {
        let hour = Duration::from_secs(3600);
        let closed = timeout(hour, lobby.close()).await;
        closed.expect("all guests have left");
    }

    fn heard(server: &Server) -> Vec<String> {
        server.0.lock().unwrap().clone()
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_guest_who_is_cut_off_is_said_goodbye_for() {
        let server = Server::default();
        let lobby = Lobby::new(server.clone());
        let guest = lobby.enter("Ada");
        let visit = async move {
            let _guest = guest;
            sleep(Duration::from_secs(60)).await;
        };
        assert!(timeout(Duration::from_secs(5), visit).await.is_err());
        close(lobby).await;
        assert_eq!(heard(&server), ["Ada"]);
    }

    #[tokio::test(start_paused = true)]
    async fn closing_waits_for_the_goodbyes_and_no_longer() {
        let server = Server::default();
        let lobby = Lobby::new(server.clone());
        for name in ["Ada", "Bob", "Cem"] {
            drop(lobby.enter(name));
        }
        assert!(heard(&server).is_empty(), "leaving does not wait");
        let start = Instant::now();
        close(lobby).await;
        assert_eq!(heard(&server), ["Ada", "Bob", "Cem"]);
        assert!(start.elapsed() <= Duration::from_secs(3));
    }

    #[tokio::test(start_paused = true)]
    async fn an_empty_lobby_closes_at_once() {
        let start = Instant::now();
        close(Lobby::new(Server::default())).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_guest_may_leave_where_there_is_no_runtime() {
        let server = Server::default();
        let lobby = Lobby::new(server.clone());
        let guest = lobby.enter("Ada");
        std::thread::spawn(move || drop(guest)).join().unwrap();
        close(lobby).await;
        assert_eq!(heard(&server), ["Ada"]);
    }
}
