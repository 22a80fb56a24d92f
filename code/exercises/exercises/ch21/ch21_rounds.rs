//! A planner and a critic that could send each other back to work forever.
//!
//! Complete `best_plan`.

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
    // TODO: rounds, and the best so far.
    let _ = (model, enough, rounds);
    todo!()
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Offers these plans in turn, again and again; a plan's score is its length.
    struct Script {
        plans: Vec<&'static str>,
        remarks: Vec<Option<String>>,
    }

    impl Model for Script {
        async fn propose(&mut self, remark: Option<&str>) -> String {
            self.remarks.push(remark.map(str::to_string));
            self.plans[(self.remarks.len() - 1) % self.plans.len()].to_string()
        }

        async fn judge(&mut self, plan: &str) -> (u32, String) {
            (plan.len() as u32, format!("{plan}: longer"))
        }
    }

    async fn run(plans: &[&'static str], enough: u32, rounds: usize) -> (Option<String>, Script) {
        let (plans, remarks) = (plans.to_vec(), Vec::new());
        let mut script = Script { plans, remarks };
        let plan = best_plan(&mut script, enough, rounds).await;
        (plan, script)
    }

    // `tokio::test` runs an async function as a #[test]
    #[tokio::test]
    async fn a_good_plan_ends_it() {
        let (plan, script) = run(&["a", "bbbb", "ccccc"], 4, 9).await;
        assert_eq!(plan.as_deref(), Some("bbbb"));
        let remarks: Vec<_> = script.remarks.iter().map(Option::as_deref).collect();
        assert_eq!(remarks, [None, Some("a: longer")]);
    }

    #[tokio::test]
    async fn a_circle_ends_with_the_best_and_not_with_the_last() {
        let (plan, script) = run(&["aa", "bbbb", "cccc", "d"], 9, 8).await;
        assert_eq!(plan.as_deref(), Some("bbbb"));
        assert_eq!(script.remarks.len(), 8);
    }

    #[tokio::test]
    async fn no_rounds_no_plan() {
        assert_eq!(run(&["a"], 1, 0).await.0, None);
    }
}
