//! An order has several steps. When one fails, the others have to undo what they have begun, which
//! takes them an `.await` or two and may fail as well.
//! Stop the siblings without cutting their clean-up, and keep every error.

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Waits until all `steps` have ended. At the first error it cancels `stop`, which the steps
/// listen to, and lets them undo what they have begun. Returns every error, as they came.
async fn all_or_undone(
    stop: CancellationToken,
    mut steps: JoinSet<Result<(), String>>,
) -> Vec<String> {
    // TODO: tell the siblings, and go on waiting.
    todo!()
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;
    use tokio::time::{Instant, sleep};

    /// What the steps have done to the world.
    type World = Arc<Mutex<Vec<&'static str>>>;

    /// Takes so many seconds; undoing it takes one and may fail.
    async fn step(
        (name, seconds, undo): (&'static str, u64, Result<(), &'static str>),
        stop: CancellationToken,
        world: World,
    ) -> Result<(), String> {
        let work = sleep(Duration::from_secs(seconds));
        if stop.run_until_cancelled(work).await.is_some() {
            world.lock().unwrap().push(name);
            return Ok(());
        }
        sleep(Duration::from_secs(1)).await;
        world.lock().unwrap().push("undone");
        undo.map_err(String::from)
    }

    /// An order in which the stock fails after two seconds, if `sold_out`.
    async fn order(
        sold_out: bool,
        steps: &[(&'static str, u64, Result<(), &'static str>)],
    ) -> (Vec<String>, Vec<&'static str>, u64) {
        let (start, world) = (Instant::now(), World::default());
        let (stop, mut set) = (CancellationToken::new(), JoinSet::new());
        for &plan in steps {
            set.spawn(step(plan, stop.clone(), Arc::clone(&world)));
        }
        set.spawn(async move {
            sleep(Duration::from_secs(2)).await;
            if sold_out {
                Err("sold out".into())
            } else {
                Ok(())
            }
        });
        let errors = all_or_undone(stop, set).await;
        let done = world.lock().unwrap().clone();
        (errors, done, start.elapsed().as_secs())
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn without_an_error_every_step_is_done() {
        let (errors, done, took) = order(false, &[("charged", 5, Ok(()))]).await;
        assert_eq!(errors, [""; 0]);
        assert_eq!((done, took), (vec!["charged"], 5));
    }

    #[tokio::test(start_paused = true)]
    async fn at_an_error_what_has_begun_is_undone() {
        let steps = [("packed", 1, Ok(())), ("charged", 60, Ok(()))];
        let (errors, done, took) = order(true, &steps).await;
        assert_eq!(errors, ["sold out"]);
        assert_eq!(done, ["packed", "undone"], "the clean-up was cut");
        assert_eq!(took, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_of_the_clean_up_is_kept_too() {
        let steps = [("charged", 60, Err("no refund"))];
        let (errors, _done, _took) = order(true, &steps).await;
        assert_eq!(errors, ["sold out", "no refund"]);
    }
}
