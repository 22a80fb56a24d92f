//! Incident triage: specialists look for the cause of an alert, each from another side.
//!
//! Run it: `cargo run -p examples --bin ch21-triage`

use std::time::Duration;

use patterns::blackboard::{Blackboard, Fact, Follower, Refused, Source};
use tokio::task::JoinSet;
use tokio::time::sleep;

// ANCHOR: facts
#[derive(Clone, Debug, PartialEq)]
enum Note {
    Alert(&'static str),
    Symptom(&'static str),
    /// What it may be, and how sure its source is, in percent.
    Cause(&'static str, u32),
    Action(&'static str),
}
use Note::{Action, Alert, Cause, Symptom};

const EMPTY: &str = "the pool is empty";
const DEPLOY: &str = "a deploy at 10:58";

type Board = Blackboard<Note>;
// ANCHOR_END: facts

// ANCHOR: specialists
/// Looks at one thing for each alert, which takes some seconds.
async fn look(source: Source<Note>, mut alerts: Follower<Note>, takes: u64, sees: &'static str) {
    loop {
        let alert = alerts.next().await;
        sleep(Duration::from_secs(takes)).await;
        let posted = source.post("symptom", Symptom(sees), &[alert.version]);
        if posted.is_err() {
            return;
        }
    }
}

/// Knows one cause by its symptom. A surer cause stays, a less sure one is replaced.
async fn suspect(
    board: Board,
    source: Source<Note>,
    mut symptoms: Follower<Note>,
    sign: &'static str,
    (what, sure): (&'static str, u32),
) {
    loop {
        let symptom = symptoms.next().await;
        if symptom.value != Symptom(sign) {
            continue;
        }
        loop {
            let known = board.get("cause");
            if known.as_ref().map_or(0, percent) >= sure {
                break;
            }
            let seen = known.map_or(0, |known| known.version);
            sleep(Duration::from_secs(1)).await; // It writes down its reasons.
            match source.post_if(seen, "cause", Cause(what, sure), &[symptom.version]) {
                Ok(_) => break,
                Err(Refused::Stale { .. }) => continue, // Another was faster: look again.
                Err(Refused::Spent) => return,
            }
        }
    }
}

fn percent(fact: &Fact<Note>) -> u32 {
    match fact.value {
        Cause(_, percent) => percent,
        _ => 0,
    }
}
// ANCHOR_END: specialists

// ANCHOR: control
/// Starts the specialists, waits until none of them has more to say, and acts once.
async fn triage(alert: &'static str, metrics: u64, deploys: u64) -> Board {
    let board = Board::new(100);
    let mut tasks = JoinSet::new();
    // They follow before they are spawned: `settled` waits for those that follow.
    for (name, takes, sees) in [("metrics", metrics, EMPTY), ("deploys", deploys, DEPLOY)] {
        let (source, alerts) = (board.source(name), board.follow(&["alert"]));
        tasks.spawn(look(source, alerts, takes, sees));
    }
    for (name, sign, cause) in [
        ("changes", DEPLOY, ("a leak of connections", 80)),
        ("capacity", EMPTY, ("more load", 40)),
    ] {
        let (own, symptoms) = (board.source(name), board.follow(&["symptom"]));
        tasks.spawn(suspect(board.clone(), own, symptoms, sign, cause));
    }
    let pager = board.source("pager");
    pager
        .post("alert", Alert(alert), &[])
        .expect("room for one");
    board.settled().await;
    if let Some(cause) = board.get("cause") {
        let action = match percent(&cause) {
            70.. => Action("roll back"),
            _ => Action("wake a person"),
        };
        let control = board.source("control");
        // A spent budget is no reason to hide the cause: it is on the board.
        let _ = control.post("action", action, &[cause.version]);
    }
    board
} // Dropping the set stops the specialists.
// ANCHOR_END: control

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let board = triage("checkout is slow", 2, 2).await;
    let action = board.get("action").expect("a cause was found");
    for fact in board.reasons(action.version) {
        let (version, because) = (fact.version, fact.because);
        println!("{version} {}: {:?} <- {because:?}", fact.source, fact.value);
    }
}

// ANCHOR: tests
#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_surer_cause_wins_whoever_comes_first() {
        for (metrics, deploys) in [(1, 9), (9, 1), (2, 2)] {
            let board = triage("checkout is slow", metrics, deploys).await;
            assert_eq!(board.get("action").unwrap().value, Action("roll back"));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_action_can_be_traced_to_the_alert() {
        let board = triage("checkout is slow", 1, 9).await;
        let reasons = board.reasons(board.get("action").unwrap().version);
        let sources: Vec<_> = reasons.iter().map(|fact| &*fact.source).collect();
        assert_eq!(sources, ["pager", "deploys", "changes", "control"]);
        // The first suspicion stays in the log.
        let causes = board.log().into_iter().filter(|fact| fact.topic == "cause");
        assert!(causes.map(|fact| percent(&fact)).eq([40, 80]));
    }
}
// ANCHOR_END: tests
