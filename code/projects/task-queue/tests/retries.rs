//! How much a process retries, whatever fails.

use std::time::Duration;

use proptest::prelude::*;

use task_queue::retry::{Budget, RetryBudget};
use tokio::time::Instant;

const LAW: Budget = Budget {
    burst: 3.0,
    per_success: 0.5,
    per_second: 2.0,
    longest: Duration::from_secs(10),
};

#[test]
fn retries_beyond_the_budget_fall_due_at_its_rate() {
    let now = Instant::now();
    let mut budget = RetryBudget::new(LAW, now);
    let waits: Vec<_> = (0..6).map(|_| budget.withdraw(now).as_millis()).collect();
    assert_eq!(waits, [0, 0, 0, 500, 1000, 1500]);
}

#[test]
fn successes_and_time_pay_the_debt_back() {
    let now = Instant::now();
    let mut budget = RetryBudget::new(LAW, now);
    let waits: Vec<_> = (0..5).map(|_| budget.withdraw(now)).collect();
    assert_eq!(waits[4], Duration::from_secs(1)); // 2 in debt
    (0..4).for_each(|_| budget.deposit()); // none
    let later = now + Duration::from_millis(500); // 1 token
    assert_eq!(budget.withdraw(later), Duration::ZERO);
    assert_eq!(budget.withdraw(later), Duration::from_millis(500));
}

#[test]
fn a_budget_without_a_rate_puts_off_by_the_longest() {
    let now = Instant::now();
    let law = Budget {
        burst: 0.0,
        per_second: 0.0,
        ..LAW
    };
    assert_eq!(RetryBudget::new(law, now).withdraw(now), LAW.longest);
}

proptest! {
    /// In any history, the retries that fall due within the first t seconds are at most
    /// burst + t × per_second + successes × per_success (and one, for the edge).
    #[test]
    fn the_sum_of_retries_keeps_to_the_budget(
        steps in prop::collection::vec((0u64..400, prop::bool::ANY), 1..200),
    ) {
        let start = Instant::now();
        let (mut now, mut budget) = (start, RetryBudget::new(LAW, start));
        let (mut due, mut successes) = (Vec::new(), 0.0);
        for (pause, success) in steps {
            now += Duration::from_millis(pause);
            if success {
                budget.deposit();
                successes += 1.0;
            } else {
                due.push(now + budget.withdraw(now) - start);
            }
        }
        prop_assume!(due.iter().all(|&due| due < LAW.longest + (now - start)));
        for &t in &due {
            let retries = due.iter().filter(|&&due| due <= t).count() as f64;
            let allowed = LAW.burst + t.as_secs_f64() * LAW.per_second + successes * LAW.per_success;
            prop_assert!(retries <= allowed + 1.001, "{retries} by {t:?}, allowed {allowed}");
        }
    }
}
