use std::time::Duration;

struct Session;

impl Drop for Session {
    fn drop(&mut self) {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

fn main() {
    drop(Session);
}
