use std::sync::Mutex;

/// Adds the score that `check` answers, and returns the new total.
async fn add(total: &Mutex<u32>, check: impl Future<Output = u32>) -> u32 {
    let score = check.await;
    let mut total = total.lock().unwrap();
    *total += score;
    *total
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    use std::time::Duration;
    use tokio::time::sleep;
    use tokio_test::assert_pending;
    use tokio_test::task::spawn;

    async fn score(score: u32) -> u32 {
        sleep(Duration::from_secs(score.into())).await;
        score
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn one_score_is_added() {
        let total = Mutex::new(1);
        assert_eq!(add(&total, score(2)).await, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn no_score_is_lost() {
        let total = Mutex::new(0);
        let totals = tokio::join!(
            add(&total, score(3)),
            add(&total, score(1)),
            add(&total, score(2))
        );
        assert_eq!(totals, (6, 1, 3));
        assert_eq!(*total.lock().unwrap(), 6);
    }

    #[tokio::test(start_paused = true)]
    async fn others_may_look_while_a_score_is_checked() {
        let total = Mutex::new(5);
        let mut player = spawn(add(&total, score(1)));
        assert_pending!(player.poll());
        assert_eq!(*total.try_lock().expect("the lock is free"), 5);
    }
}
