use tokio::task::spawn_blocking;

#[tokio::main]
async fn main() {
    let lines = vec!["pear", "apple"];
    let first = spawn_blocking(|| lines.iter().min().copied());
    assert_eq!(first.await.unwrap(), Some("apple"));
}
