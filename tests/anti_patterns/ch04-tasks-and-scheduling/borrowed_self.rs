use tokio::task::JoinHandle;

struct Mailer {
    host: String,
}

impl Mailer {
    fn send(&self, to: String) -> JoinHandle<String> {
        tokio::spawn(async move { format!("{to} via {}", self.host) })
    }
}

#[tokio::main]
async fn main() {
    let mailer = Mailer { host: "mx1".into() };
    assert_eq!(mailer.send("Ada".into()).await.unwrap(), "Ada via mx1");
}
