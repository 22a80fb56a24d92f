use tokio::task::LocalSet;

#[tokio::main]
async fn main() {
    let task = tokio::spawn(async {
        let local = LocalSet::new();
        local.spawn_local(async { println!("hello") });
        local.await;
    });
    task.await.unwrap();
}
