#[tokio::main]
async fn main() {
    let futures = vec![async { 1 }, async { 2 }];
    let mut sum = 0;
    for future in futures {
        sum += future.await;
    }
    assert_eq!(sum, 3);
}
