use tokio::sync::mpsc;

#[tokio::main]
async fn main() {
    let (jobs, queue) = mpsc::channel(10);
    for _ in 0..2 {
        let mut queue = queue.clone();
        tokio::spawn(async move {
            while let Some(job) = queue.recv().await {
                println!("{job}");
            }
        });
    }
    jobs.send("cook").await.unwrap();
}
