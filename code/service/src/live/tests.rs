use super::*;

use axum::body::to_bytes;
use axum::response::IntoResponse;
use tokio::time::Instant;

/// All that a client hears until the answer ends.
async fn heard(live: Live) -> String {
    let bytes = to_bytes(live.into_response().into_body(), 10_000).await;
    String::from_utf8(bytes.unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn a_watched_value_is_told_at_once_and_ends_with_its_sender() {
    let (sender, receiver) = watch::channel(1);
    let live = watched(receiver, CancellationToken::new());
    sender.send(2).unwrap();
    drop(sender);
    // The value that was replaced before the client read is not told; the last one is.
    assert_eq!(heard(live).await, "data: 2\n\n");
    let (sender, receiver) = watch::channel(1);
    let heard = tokio::spawn(heard(watched(receiver, CancellationToken::new())));
    tokio::task::yield_now().await;
    sender.send(2).unwrap();
    tokio::task::yield_now().await;
    drop(sender);
    assert_eq!(heard.await.unwrap(), "data: 1\n\ndata: 2\n\n");
}

#[tokio::test]
async fn a_client_that_lags_behind_is_told_how_many_messages_it_missed() {
    let (sender, receiver) = broadcast::channel(2);
    let live = messages(receiver, CancellationToken::new());
    for message in 1..=5 {
        sender.send(message).unwrap();
    }
    drop(sender);
    assert_eq!(
        heard(live).await,
        "event: lagged\ndata: 3\n\ndata: 4\n\ndata: 5\n\n"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_looked_up_is_told_each_period_until_the_server_stops() {
    let stop = CancellationToken::new();
    let start = Instant::now();
    let look = move || async move {
        match start.elapsed().as_secs() {
            1 => Err("away\nfor a while".to_owned()),
            seconds => Ok(seconds),
        }
    };
    let live = looked_up(Duration::from_secs(1), look, stop.clone());
    let heard = tokio::spawn(heard(live));
    time::sleep(Duration::from_millis(2500)).await;
    stop.cancel();
    assert_eq!(
        heard.await.unwrap(),
        "data: 0\n\nevent: trouble\ndata: away for a while\n\ndata: 2\n\n"
    );
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_is_kept_alive() {
    let stop = CancellationToken::new();
    let (_sender, receiver) = broadcast::channel::<u8>(1);
    let heard = tokio::spawn(heard(messages(receiver, stop.clone())));
    time::sleep(Duration::from_secs(31)).await;
    stop.cancel();
    assert_eq!(heard.await.unwrap(), ":\n\n:\n\n");
}
