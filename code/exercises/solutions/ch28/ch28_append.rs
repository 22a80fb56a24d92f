use std::sync::Mutex;
use std::time::Duration;
use tokio::time::sleep;

type Stream = Mutex<Vec<&'static str>>;

/// What a write waits for.
async fn disk() {
    sleep(Duration::from_secs(1)).await;
}

/// Appends, if the stream is at `expected`; otherwise says at which version it is.
async fn append(stream: &Stream, expected: usize, event: &'static str) -> Result<(), usize> {
    disk().await;
    let mut events = stream.lock().unwrap();
    if events.len() != expected {
        return Err(events.len());
    }
    events.push(event);
    Ok(())
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::future::join_all;

    // `tokio::test` runs an async function as a #[test]
    #[tokio::test(start_paused = true)]
    async fn of_ten_at_one_version_one_appends() {
        let stream = Stream::default();
        let answers = join_all((0..10).map(|_| append(&stream, 0, "paid"))).await;
        assert_eq!(answers.iter().filter(|it| it.is_ok()).count(), 1);
        assert_eq!(answers.iter().filter(|it| **it == Err(1)).count(), 9);
        assert_eq!(*stream.lock().unwrap(), ["paid"]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_seen_the_newest_version_appends() {
        let stream = Stream::default();
        for version in 0..3 {
            assert_eq!(append(&stream, version, "more").await, Ok(()));
        }
        assert_eq!(append(&stream, 7, "future").await, Err(3));
    }
}
