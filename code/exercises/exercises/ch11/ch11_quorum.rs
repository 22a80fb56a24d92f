//! A vote among replicas: `decide` returns as soon as `needed` of them have voted yes, or as
//! soon as so many have voted no that `needed` can't be reached anymore.
//!
//! Complete it. `votes` holds the votes that are in; `None` is a replica that hasn't voted.

use tokio::sync::watch;

type Votes = Vec<Option<bool>>;

/// Whether `needed` replicas have voted yes. Waits until that is certain.
async fn decide(votes: &mut watch::Receiver<Votes>, needed: usize) -> bool {
    // TODO: what makes a yes certain, and what a no?
    todo!()
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::time::Duration;
    use tokio::time::timeout;

    const HOUR: Duration = Duration::from_secs(3600);

    async fn decided(votes: Votes, needed: usize) -> Option<bool> {
        let (_sender, mut votes) = watch::channel(votes);
        timeout(HOUR, decide(&mut votes, needed)).await.ok()
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn two_of_three_are_enough_though_the_third_is_silent() {
        assert_eq!(
            decided(vec![Some(true), None, Some(true)], 2).await,
            Some(true)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn two_refusals_of_three_end_it_as_well() {
        assert_eq!(
            decided(vec![Some(false), None, Some(false)], 2).await,
            Some(false)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn one_of_each_is_open() {
        assert_eq!(decided(vec![Some(false), None, Some(true)], 2).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_vote_that_comes_later_decides() {
        let (sender, mut votes) = watch::channel(vec![Some(true), None, None]);
        let vote = async {
            tokio::task::yield_now().await;
            sender.send_modify(|votes| votes[2] = Some(true));
        };
        let both = async { tokio::join!(decide(&mut votes, 2), vote) };
        assert_eq!(timeout(HOUR, both).await, Ok((true, ())));
    }
}
