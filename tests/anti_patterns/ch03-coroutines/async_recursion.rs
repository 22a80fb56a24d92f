async fn countdown(number: u32) -> u32 {
    match number {
        0 => 0,
        _ => 1 + countdown(number - 1).await,
    }
}

#[tokio::main]
async fn main() {
    assert_eq!(countdown(5).await, 5);
}
