use tokio::task::JoinSet;

async fn reserve() -> u32 {
    7
}

async fn charge() -> String {
    String::from("receipt")
}

#[tokio::main]
async fn main() {
    let mut tasks = JoinSet::new();
    tasks.spawn(reserve());
    tasks.spawn(charge());
    assert_eq!(tasks.len(), 2);
}
