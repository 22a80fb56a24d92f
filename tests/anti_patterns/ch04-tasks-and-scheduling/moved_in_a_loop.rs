use std::sync::Arc;

#[tokio::main]
async fn main() {
    let region = Arc::new(String::from("eu"));
    let mut tasks = Vec::new();
    for id in 0..3 {
        tasks.push(tokio::spawn(async move { format!("{region}-{id}") }));
    }
    for task in tasks {
        assert!(task.await.unwrap().starts_with("eu-"));
    }
}
