use std::thread;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

fn names(board: &Board) -> Vec<String> {
    board
        .report()
        .into_iter()
        .map(|status| status.name)
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_waiting_task_shows_its_await_and_since_when() {
    let board = Board::default();
    let (_never, answer) = oneshot::channel::<()>();
    tokio::spawn(board.watch("asker", async { at("answer", answer).await }));
    sleep(HOUR).await;
    let report = board.report();
    let [place] = report[0].places[..] else {
        panic!("one place, not {report:?}")
    };
    assert_eq!((place.label, place.waited()), ("answer", HOUR));
    assert_eq!(place.line.file(), file!());
    assert_eq!((report[0].polls, report[0].running), (1, false));
}

#[tokio::test(start_paused = true)]
async fn a_place_goes_when_its_wait_is_over() {
    let board = Board::default();
    let task = async {
        at("first", sleep(HOUR)).await;
        at("second", sleep(HOUR)).await;
        sleep(HOUR).await;
    };
    tokio::spawn(board.watch("walker", task));
    for expected in ["waits at first", "waits at second", "at no marked await"] {
        sleep(HOUR / 2).await;
        let shown = board.report()[0].to_string();
        assert!(shown.contains(expected), "{shown}");
        sleep(HOUR / 2).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_dropped_leaves_no_place() {
    let board = Board::default();
    let task = async {
        timeout(HOUR, at("reply", std::future::pending::<()>()))
            .await
            .unwrap_err();
        sleep(HOUR).await;
    };
    tokio::spawn(board.watch("client", task));
    sleep(HOUR / 2).await;
    assert_eq!(board.report()[0].places.len(), 1);
    sleep(HOUR).await;
    assert_eq!(board.report()[0].places.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn waits_side_by_side_and_one_inside_another_are_all_shown() {
    let board = Board::default();
    let task = async {
        let inner = at("outer", at("inner", sleep(HOUR)));
        tokio::join!(inner, at("beside", sleep(HOUR / 2)));
    };
    tokio::spawn(board.watch("both", task));
    let labels = || {
        let places = board.report()[0].places.clone();
        places.iter().map(|place| place.label).collect::<Vec<_>>()
    };
    sleep(HOUR / 4).await;
    assert_eq!(labels(), ["inner", "outer", "beside"]);
    sleep(HOUR / 2).await;
    assert_eq!(labels(), ["inner", "outer"]);
}

#[tokio::test(start_paused = true)]
async fn a_task_is_on_the_board_from_the_call_until_its_future_is_dropped() {
    let board = Board::default();
    let ends = board.watch("ends", async {});
    let aborted = tokio::spawn(board.watch("aborted", sleep(HOUR)));
    let panics = tokio::spawn(board.watch("panics", async { panic!("on purpose") }));
    assert_eq!(names(&board), ["ends", "aborted", "panics"]);
    ends.await;
    panics.await.unwrap_err();
    assert_eq!(names(&board), ["aborted"]);
    aborted.abort();
    aborted.await.unwrap_err();
    assert!(names(&board).is_empty());
}

#[tokio::test]
async fn a_plain_thread_sees_who_has_the_runtime() {
    let board = Board::default();
    let (started, has_started) = std::sync::mpsc::channel();
    let (release, released) = std::sync::mpsc::channel();
    let seen = thread::spawn({
        let board = board.clone();
        move || {
            has_started.recv().expect("the task runs");
            let report = board.report();
            release.send(()).expect("the task waits");
            report
        }
    });
    let blocks = async move {
        started.send(()).expect("the thread waits");
        released.recv().expect("the thread releases us");
    };
    board.watch("export", blocks).await;
    let report = seen.join().expect("no panic");
    assert!(report[0].running);
    assert_eq!(report[0].to_string(), "export, poll 1: runs");
}

#[tokio::test]
async fn polls_are_counted() {
    let board = Board::default();
    let (done, mut is_done) = mpsc::channel::<()>(1);
    tokio::spawn(board.watch("spinner", async move {
        while done.capacity() > 0 {
            yield_now().await;
        }
    }));
    while board.report()[0].polls < 100 {
        yield_now().await;
    }
    is_done.close();
}

#[tokio::test(start_paused = true)]
async fn outside_of_a_watched_task_a_mark_only_waits() {
    at("nowhere", sleep(HOUR)).await;
}
