use super::*;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

const LONG: Duration = Duration::from_secs(3600);

/// Answers `[pid, question]`; dies of "die", sleeps on "sleep", chats on "chat".
const WORKER: &str = r#"while read -r line; do
    case $line in
        '"die"') exit 7 ;;
        '"sleep"') exec sleep 3600 ;;
        '"chat"') echo starting up ;;
        *) printf "[$$, %s]\\n" "$line" ;;
    esac
done"#;

fn worker() -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", WORKER]);
    command
}

fn pool(size: usize, limit: Duration) -> ProcessPool<fn() -> Command> {
    ProcessPool::new(size, limit, worker)
}

async fn ask(pool: &ProcessPool<fn() -> Command>, question: &str) -> (u32, String) {
    pool.call(&question).await.expect("an answer")
}

#[tokio::test]
async fn a_worker_is_asked_again() {
    let pool = pool(1, LONG);
    let (first, answer) = ask(&pool, "two\nlines").await;
    assert_eq!(answer, "two\nlines");
    assert_eq!(ask(&pool, "b").await, (first, "b".into()));
    pool.close().await.expect("it ends");
}

#[tokio::test]
async fn another_takes_the_place_of_one_that_died() {
    let pool = pool(1, LONG);
    let (first, _) = ask(&pool, "a").await;
    let died = pool.call::<_, ()>(&"die").await;
    assert!(matches!(died, Err(CallError::Died(status)) if status.code() == Some(7)));
    assert_ne!(ask(&pool, "b").await.0, first);
}

#[tokio::test]
async fn one_that_died_while_idle_is_not_lent() {
    let pool = pool(1, LONG);
    ask(&pool, "a").await;
    let mut worker = pool.lock().pop().expect("idle");
    worker.child.kill().await.expect("it lived");
    pool.lock().push(worker);
    assert_eq!(ask(&pool, "b").await.1, "b");
}

#[tokio::test]
async fn a_late_answer_is_not_given_to_the_next_caller() {
    let pool = pool(1, Duration::from_millis(50));
    let late = pool.call::<_, ()>(&"sleep").await;
    assert!(matches!(late, Err(CallError::Late(_))));
    assert!(pool.lock().is_empty());
}

#[tokio::test]
async fn a_caller_that_goes_takes_its_worker_along() {
    let pool = pool(1, LONG);
    let (first, _) = ask(&pool, "a").await;
    {
        let mut call = pin!(pool.call::<_, ()>(&"sleep"));
        poll_fn(|context| {
            assert!(call.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
    }
    assert_ne!(ask(&pool, "b").await.0, first);
}

#[tokio::test]
async fn a_log_line_among_the_answers_is_an_error() {
    let pool = pool(1, LONG);
    let chat = pool.call::<_, ()>(&"chat").await;
    assert!(matches!(chat, Err(CallError::Garbled(_))));
}

#[tokio::test]
async fn two_workers_answer_three_callers() {
    let pool = pool(2, LONG);
    let (a, b, c) = tokio::join!(ask(&pool, "a"), ask(&pool, "b"), ask(&pool, "c"));
    assert_eq!((&*a.1, &*b.1, &*c.1), ("a", "b", "c"));
    assert_ne!(a.0, b.0);
    assert!(pool.lock().len() <= 2);
}

#[tokio::test]
async fn a_program_that_is_not_there_is_an_error() {
    let pool = ProcessPool::new(1, LONG, || Command::new("no-such-program"));
    let error = pool.call::<_, ()>(&"a").await;
    assert!(matches!(error, Err(CallError::Start(_))));
}
