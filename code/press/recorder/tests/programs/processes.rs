use tokio::io::AsyncReadExt;
use tokio::process::Command;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut child = Command::new("sleep").arg("0.05").spawn().unwrap();
    assert!(child.wait().await.unwrap().success());

    let (mut near, far) = tokio::io::duplex(8);
    let reader = tokio::spawn(async move {
        let mut text = String::new();
        near.read_to_string(&mut text).await.unwrap();
    });
    tokio::task::yield_now().await;
    drop(far);
    reader.await.unwrap();
}
