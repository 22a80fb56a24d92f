async fn brew() -> u32 {
    2
}

#[tokio::main]
async fn main() {
    let tea = brew();
    assert_eq!(tea.await, 2);
    assert_eq!(tea.await, 2);
}
