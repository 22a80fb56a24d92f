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
