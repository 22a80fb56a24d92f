//! A planner loop as in programs around a language model: the model proposes, critics
//! judge, an executor acts, and a control counts. The model is a script behind a trait.
//!
//! Run it: `cargo run -p examples --bin ch21-planner`

use std::collections::VecDeque;
use std::time::Duration;

use patterns::blackboard::{Blackboard, Fact, Version};
use tokio::time::{sleep, timeout};

// ANCHOR: model
type Board = Blackboard<String>;

/// What proposes the next step, given all that is known.
trait Model {
    async fn propose(&mut self, facts: &[Fact<String>]) -> String;
}

/// Answers from a list, each after its seconds, and the last forever.
struct Script(VecDeque<(u64, &'static str)>);

impl Model for Script {
    async fn propose(&mut self, _: &[Fact<String>]) -> String {
        let (takes, answer) = self.0[0];
        if self.0.len() > 1 {
            self.0.pop_front();
        }
        sleep(Duration::from_secs(takes)).await;
        answer.to_string()
    }
}
// ANCHOR_END: model

// ANCHOR: critics
/// A critic has a name, seconds that it thinks, and a reason against a plan, if any.
type Critic = (&'static str, u64, fn(&str) -> Option<&'static str>);

const CRITICS: [Critic; 3] = [
    ("safety", 1, |plan| {
        plan.contains("delete").then_some("it deletes")
    }),
    ("style", 2, |_| None),
    ("cost", 60, |_| None), // Thinks for longer than anyone waits.
];
/// So many must agree; a veto of any one is enough to refuse.
const QUORUM: usize = 2;
const PATIENCE: Duration = Duration::from_secs(5);

/// The versions of the verdicts for a plan, or the veto against it.
async fn judge(board: &Board, plan: &Fact<String>) -> Result<Vec<Version>, &'static str> {
    let asked = CRITICS.map(|(name, takes, against)| async move {
        sleep(Duration::from_secs(takes)).await;
        let veto = against(&plan.value);
        let verdict = veto.map_or("fine".to_string(), |why| format!("veto: {why}"));
        let posted = board.source(name).post("verdict", verdict, &[plan.version]);
        posted
            .map_err(|_| "the budget is spent")
            .and_then(|version| match veto {
                Some(why) => Err(why),
                None => Ok(version),
            })
    });
    let [safety, style, cost] = asked.map(|verdict| timeout(PATIENCE, verdict));
    let verdicts = tokio::join!(safety, style, cost);
    let mut fine = Vec::new();
    for verdict in [verdicts.0, verdicts.1, verdicts.2].into_iter().flatten() {
        fine.push(verdict?); // Silence is neither: it does not count.
    }
    let enough = fine.len() >= QUORUM;
    enough.then_some(fine).ok_or("too few critics answered")
}
// ANCHOR_END: critics

// ANCHOR: control
/// Rounds until the model says that it is done: its answer, or why it was stopped.
async fn pursue(board: &Board, model: &mut impl Model, rounds: usize) -> Result<String, String> {
    let (planner, tool) = (board.source("model"), board.source("tool"));
    for _ in 0..rounds {
        let known = board.log();
        let proposed = timeout(PATIENCE * 6, model.propose(&known)).await;
        let plan = proposed.map_err(|_| "the model is silent")?;
        if let Some(answer) = plan.strip_prefix("done: ") {
            return Ok(answer.to_string());
        }
        let is_known = |value: &str| known.iter().any(|fact| fact.value == value);
        if is_known(&plan) && !is_known(&format!("did {plan}")) {
            return Err(format!("refused before: {plan}")); // It does not listen.
        }
        let because = known.last().map(|fact| fact.version);
        let posted = planner.post("plan", plan, because.as_slice());
        posted.map_err(|_| "the budget is spent")?;
        let plan = board.get("plan").expect("posted above");
        if let Ok(verdicts) = judge(board, &plan).await {
            let did = format!("did {}", plan.value); // Here the tool would run.
            let posted = tool.post("result", did, &verdicts);
            posted.map_err(|_| "the budget is spent")?;
        } // Else the verdicts are on the board, for the model to read.
    }
    Err(format!("not done after {rounds} rounds"))
}
// ANCHOR_END: control

async fn run(script: &[(u64, &'static str)]) -> (Board, Result<String, String>) {
    let (board, mut model) = (Board::new(50), Script(script.iter().copied().collect()));
    let end = pursue(&board, &mut model, 5).await;
    (board, end)
}

const PACK: [(u64, &str); 3] = [(1, "delete logs"), (1, "pack logs"), (1, "done: 3 GB")];

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let (board, end) = run(&PACK).await;
    for fact in board.log() {
        let (version, because) = (fact.version, fact.because);
        println!("{version} {}: {} <- {because:?}", fact.source, fact.value);
    }
    println!("{end:?}");
}

// ANCHOR: tests
#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_vetoed_plan_is_not_carried_out_and_the_next_one_is() {
        let (board, end) = run(&PACK).await;
        assert_eq!(end, Ok("3 GB".to_string()));
        let mut log = board.log();
        log.retain(|fact| fact.topic == "result");
        assert_eq!((log.len(), &*log[0].value), (1, "did pack logs"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_model_that_turns_in_circles_is_stopped() {
        for (takes, plan, why) in [
            (1, "delete logs", "refused before: delete logs"),
            (1, "look", "not done after 5 rounds"),
            (999, "look", "the model is silent"),
        ] {
            assert_eq!(run(&[(takes, plan)]).await.1, Err(why.to_string()));
        }
    }
}
// ANCHOR_END: tests
