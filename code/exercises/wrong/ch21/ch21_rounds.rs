//! Wrong: after the last round it returns the last plan, which may be the worst.

/// What plans and what judges; both keep what they need.
trait Model {
    /// A plan, given what the critic said of the last one.
    async fn propose(&mut self, remark: Option<&str>) -> String;
    /// A score, and a remark.
    async fn judge(&mut self, plan: &str) -> (u32, String);
}

/// Asks for plans until one has the score `enough`, at most `rounds` times.
/// Returns the best plan that was seen, the earlier one of two with the same score.
async fn best_plan(model: &mut impl Model, enough: u32, rounds: usize) -> Option<String> {
    let (mut last, mut remark) = (None, None);
    for _ in 0..rounds {
        let plan = model.propose(remark.as_deref()).await;
        let (score, said) = model.judge(&plan).await;
        last = Some(plan);
        if score >= enough {
            break;
        }
        remark = Some(said);
    }
    last
}

fn main() {}
