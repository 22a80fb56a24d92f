use std::time::Duration;
use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// A line that can't be written in this time was the last.
const WRITE: Duration = Duration::from_secs(5);
/// A client of which nothing is heard for this long is gone.
const SILENCE: Duration = Duration::from_secs(20);

#[derive(Debug, PartialEq)]
enum End {
    TooSlow,
    Silent,
}

/// Writes what is in the queue to a client, of which `signs` come now and then. If they end, it
/// is silent.
async fn serve(
    mut client: DuplexStream,
    mut queue: mpsc::Receiver<Vec<u8>>,
    mut signs: mpsc::Receiver<()>,
) -> End {
    let hear = async {
        while let Ok(Some(())) = timeout(SILENCE, signs.recv()).await {}
        End::Silent
    };
    let write = async {
        while let Some(line) = queue.recv().await {
            match timeout(WRITE, client.write_all(&line)).await {
                Ok(Ok(())) => {}
                Ok(Err(_gone)) => break,
                Err(_elapsed) => return End::TooSlow,
            }
        }
        std::future::pending().await
    };
    tokio::select! {
        end = hear => end,
        end = write => end,
    }
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, duplex};
    use tokio::time::{Instant, sleep};

    fn queue(lines: usize) -> mpsc::Receiver<Vec<u8>> {
        let (queue, lines_of) = mpsc::channel(lines);
        for _ in 0..lines {
            queue.try_send(vec![b'x'; 100]).unwrap();
        }
        tokio::spawn(async move {
            let _open = queue;
            std::future::pending::<()>().await;
        });
        lines_of
    }

    // `tokio::test` runs an async function as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_client_that_never_reads_is_given_up_in_time() {
        let (client, _never_reads) = duplex(64);
        let (_alive, signs) = mpsc::channel(1);
        let start = Instant::now();
        assert_eq!(serve(client, queue(9), signs).await, End::TooSlow);
        assert_eq!(start.elapsed(), WRITE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_and_is_silent_is_given_up_in_time() {
        let (client, mut reads) = duplex(64);
        let reading = tokio::spawn(async move { reads.read_to_end(&mut Vec::new()).await });
        let (_alive, signs) = mpsc::channel(1);
        let start = Instant::now();
        assert_eq!(serve(client, queue(9), signs).await, End::Silent);
        assert_eq!(start.elapsed(), SILENCE);
        assert_eq!(reading.await.unwrap().unwrap(), 900);
    }

    #[tokio::test(start_paused = true)]
    async fn signs_of_life_are_heard_while_a_write_waits() {
        let (client, mut slow) = duplex(64);
        let (alive, signs) = mpsc::channel(1);
        let serving = tokio::spawn(serve(client, queue(9), signs));
        let start = Instant::now();
        let mut line = [0; 100];
        for _ in 0..9 {
            sleep(WRITE - Duration::from_secs(1)).await;
            // The line still waits for room; the second sign has room only once the first is heard.
            for _ in 0..2 {
                alive.send(()).await.expect("it's being served");
            }
            slow.read_exact(&mut line).await.unwrap();
        }
        assert!(start.elapsed() > SILENCE);
        drop(slow);
        drop(alive);
        assert_eq!(serving.await.unwrap(), End::Silent);
    }
}
