async fn brew() -> u32 {
    2
}

#[tokio::main]
async fn main() {
    let tea = brew();
    let first = async { tea.await };
    let second = async { tea.await };
    assert_eq!(tokio::join!(first, second), (2, 2));
}
