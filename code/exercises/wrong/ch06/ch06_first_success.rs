//! Wrong: `select_ok` forgets all errors but the last, and panics without attempts.

use futures::future::select_ok;

pub async fn first_success<T, E, A>(attempts: Vec<A>) -> Result<T, Vec<E>>
where
    A: Future<Output = Result<T, E>>,
{
    let attempts = attempts.into_iter().map(Box::pin);
    match select_ok(attempts).await {
        Ok((value, _losers)) => Ok(value),
        Err(error) => Err(vec![error]),
    }
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::{Instant, sleep};

    type Answer = Result<&'static str, &'static str>;

    async fn mirror(seconds: u64, answer: Answer) -> Answer {
        sleep(Duration::from_secs(seconds)).await;
        answer
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_slow_success_beats_a_fast_failure() {
        let attempts = vec![mirror(1, Err("503")), mirror(2, Ok("page"))];
        assert_eq!(first_success(attempts).await, Ok("page"));
    }

    #[tokio::test(start_paused = true)]
    async fn it_does_not_wait_for_the_losers() {
        let start = Instant::now();
        let attempts = vec![mirror(60, Ok("late")), mirror(2, Ok("page"))];
        assert_eq!(first_success(attempts).await, Ok("page"));
        assert_eq!(start.elapsed(), Duration::from_secs(2));
    }

    #[tokio::test(start_paused = true)]
    async fn all_errors_come_back_in_the_order_in_which_they_came() {
        let attempts = vec![
            mirror(3, Err("gone")),
            mirror(1, Err("503")),
            mirror(2, Err("refused")),
        ];
        let errors = vec!["503", "refused", "gone"];
        assert_eq!(first_success(attempts).await, Err(errors));
    }

    #[tokio::test(start_paused = true)]
    async fn without_mirrors_there_are_no_errors() {
        let nothing = (0..0).map(|_| mirror(1, Err("503"))).collect();
        assert_eq!(first_success(nothing).await, Err(vec![]));
    }
}
