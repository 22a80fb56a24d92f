//! A stage that squares numbers. When the stage behind it ends, it goes on to the end of its
//! input, for no one.
//!
//! Make it stop at once, and return how many it has delivered.

use tokio::sync::mpsc;

/// Squares what comes, and returns how many squares were delivered.
async fn square(mut input: mpsc::Receiver<u64>, output: mpsc::Sender<u64>) -> usize {
    let mut delivered = 0;
    while let Some(number) = input.recv().await {
        // TODO: what if no one takes it?
        let _ = output.send(number * number).await;
        delivered += 1;
    }
    delivered
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn all_are_delivered_to_one_who_listens() {
        let (numbers, input) = mpsc::channel(8);
        let (output, mut squares) = mpsc::channel(8);
        for number in 1..=3 {
            numbers.send(number).await.unwrap();
        }
        drop(numbers);
        assert_eq!(square(input, output).await, 3);
        let mut seen = Vec::new();
        while let Some(square) = squares.recv().await {
            seen.push(square);
        }
        assert_eq!(seen, [1, 4, 9]);
    }

    #[tokio::test(start_paused = true)]
    async fn it_stops_when_no_one_listens() {
        let (numbers, input) = mpsc::channel(1);
        let (output, mut squares) = mpsc::channel(1);
        let stage = tokio::spawn(square(input, output));
        numbers.send(2).await.unwrap();
        assert_eq!(squares.recv().await, Some(4));
        drop(squares);
        let mut sent = 1;
        while sent < 100 && numbers.send(3).await.is_ok() {
            sent += 1;
        }
        assert!(sent < 100, "the stage goes on for no one");
        assert_eq!(stage.await.unwrap(), 1);
    }
}
