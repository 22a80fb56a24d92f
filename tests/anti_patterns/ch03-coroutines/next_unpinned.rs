use futures::{Stream, StreamExt, stream};

async fn sum(mut numbers: impl Stream<Item = u32>) -> u32 {
    let mut sum = 0;
    while let Some(number) = numbers.next().await {
        sum += number;
    }
    sum
}

#[tokio::main]
async fn main() {
    let squares = stream::iter([1, 2, 3]).then(async |n| n * n);
    assert_eq!(sum(squares).await, 14);
}
