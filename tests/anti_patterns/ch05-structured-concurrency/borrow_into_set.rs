use tokio::task::JoinSet;

async fn length(page: &str) -> usize {
    page.len()
}

#[tokio::main]
async fn main() {
    let site = [String::from("home"), String::from("contact")];
    let mut tasks = JoinSet::new();
    for page in &site {
        tasks.spawn(length(page));
    }
    let total: usize = tasks.join_all().await.iter().sum();
    assert_eq!(total, 11);
}
