use tokio::task::{JoinSet, yield_now};

async fn child(number: u32) -> u32 {
    yield_now().await;
    number
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let parent = tokio::spawn(async {
        let inner = tokio::spawn(child(1));
        inner.await.unwrap()
    });
    assert_eq!(parent.await.unwrap(), 1);

    let mut set = JoinSet::new();
    for number in 2..4 {
        set.spawn(child(number));
    }
    let mut sum = 0;
    while let Some(number) = set.join_next().await {
        sum += number.unwrap();
    }
    assert_eq!(sum, 5);

    let named = tokio::task::Builder::new().name("courier").spawn(child(4));
    assert_eq!(named.unwrap().await.unwrap(), 4);
}
