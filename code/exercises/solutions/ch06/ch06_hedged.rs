use std::pin::pin;
use std::time::Duration;
use tokio::time::sleep;

pub async fn hedged<T, E>(
    primary: impl Future<Output = Result<T, E>>,
    backup: impl Future<Output = Result<T, E>>,
    delay: Duration,
) -> Result<T, E> {
    let (mut primary, mut backup) = (pin!(primary), pin!(backup));
    tokio::select! {
        answer = &mut primary => match answer {
            Ok(value) => return Ok(value),
            Err(_) => return backup.await,
        },
        () = sleep(delay) => {}
    }
    tokio::select! {
        answer = &mut primary => match answer {
            Ok(value) => Ok(value),
            Err(_) => backup.await,
        },
        answer = &mut backup => match answer {
            Ok(value) => Ok(value),
            Err(_) => primary.await,
        },
    }
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    type Answer = Result<&'static str, &'static str>;

    async fn server(seconds: u64, answer: Answer) -> Answer {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        answer
    }

    /// What comes out with a delay of 10 seconds, and after how many seconds.
    async fn ask(primary: (u64, Answer), backup: (u64, Answer)) -> (Answer, u64) {
        let start = Instant::now();
        let primary = server(primary.0, primary.1);
        let backup = server(backup.0, backup.1);
        let answer = hedged(primary, backup, Duration::from_secs(10)).await;
        (answer, start.elapsed().as_secs())
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn a_quick_primary_needs_no_backup() {
        let backup = async { unreachable!("the backup must not be asked") };
        let primary = server(9, Ok("primary"));
        let answer = hedged(primary, backup, Duration::from_secs(10)).await;
        assert_eq!(answer, Ok("primary"));
    }

    #[tokio::test(start_paused = true)]
    async fn the_backup_starts_after_the_delay() {
        let asked = ask((60, Ok("primary")), (1, Ok("backup"))).await;
        assert_eq!(asked, (Ok("backup"), 11));
    }

    #[tokio::test(start_paused = true)]
    async fn the_primary_may_still_win_after_the_delay() {
        let asked = ask((12, Ok("primary")), (5, Ok("backup"))).await;
        assert_eq!(asked, (Ok("primary"), 12));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_starts_the_backup_at_once() {
        let asked = ask((2, Err("503")), (1, Ok("backup"))).await;
        assert_eq!(asked, (Ok("backup"), 3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_backup_leaves_the_primary() {
        let asked = ask((20, Ok("primary")), (1, Err("503"))).await;
        assert_eq!(asked, (Ok("primary"), 20));
    }

    #[tokio::test(start_paused = true)]
    async fn if_both_fail_the_last_error_comes_back() {
        let asked = ask((20, Err("primary")), (1, Err("backup"))).await;
        assert_eq!(asked, (Err("primary"), 20));
    }
}
