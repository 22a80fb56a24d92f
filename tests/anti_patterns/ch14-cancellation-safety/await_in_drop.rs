struct Session;

impl Session {
    async fn say_goodbye(&self) {}
}

impl Drop for Session {
    fn drop(&mut self) {
        self.say_goodbye().await;
    }
}

fn main() {
    drop(Session);
}
