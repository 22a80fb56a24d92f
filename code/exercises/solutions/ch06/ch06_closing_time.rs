use std::time::Duration;
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep_until};

/// Collects ballots for `open_for`, or until all voters have gone.
pub async fn collect_votes(mut ballots: Receiver<u32>, open_for: Duration) -> Vec<u32> {
    let closing = Instant::now() + open_for;
    let mut votes = Vec::new();
    loop {
        tokio::select! {
            ballot = ballots.recv() => match ballot {
                Some(ballot) => votes.push(ballot),
                None => return votes,
            },
            () = sleep_until(closing) => return votes,
        }
    }
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc;
    use tokio::time::Instant;

    const SECOND: Duration = Duration::from_secs(1);

    /// Sends `count` ballots, one each three seconds.
    fn voters(count: u32) -> Receiver<u32> {
        let (send, ballots) = mpsc::channel(8);
        tokio::spawn(async move {
            for ballot in 0..count {
                tokio::time::sleep(3 * SECOND).await;
                if send.send(ballot).await.is_err() {
                    break;
                }
            }
        });
        ballots
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_vote_of_ten_seconds_closes_after_ten_seconds() {
        let start = Instant::now();
        assert_eq!(collect_votes(voters(20), 10 * SECOND).await, [0, 1, 2]);
        assert_eq!(start.elapsed(), 10 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn a_vote_ends_early_when_all_voters_have_gone() {
        let start = Instant::now();
        assert_eq!(collect_votes(voters(2), 10 * SECOND).await, [0, 1]);
        assert_eq!(start.elapsed(), 6 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn without_ballots_it_closes_in_time_too() {
        let (_send, ballots) = mpsc::channel(1);
        let start = Instant::now();
        assert!(collect_votes(ballots, 10 * SECOND).await.is_empty());
        assert_eq!(start.elapsed(), 10 * SECOND);
    }
}
