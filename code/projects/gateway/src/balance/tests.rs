use std::cell::RefCell;

use proptest::prelude::*;

use super::ring::hash;
use super::*;

/// Servers whose load is written down.
struct Written {
    under_way: RefCell<Vec<usize>>,
    delay: Vec<f64>,
    share: Vec<f64>,
}

impl Written {
    fn new(weights: &[u32]) -> Written {
        Written {
            under_way: RefCell::new(vec![0; weights.len()]),
            delay: vec![1.0; weights.len()],
            share: weights.iter().map(|weight| f64::from(*weight)).collect(),
        }
    }
}

impl Load for Written {
    fn under_way(&self, server: usize) -> usize {
        self.under_way.borrow()[server]
    }
    fn delay(&self, server: usize) -> f64 {
        self.delay[server]
    }
    fn share(&self, server: usize) -> f64 {
        self.share[server]
    }
}

const ALL: [config::Balance; 6] = [
    config::Balance::RoundRobin,
    config::Balance::Weighted,
    config::Balance::Least,
    config::Balance::Ewma,
    config::Balance::HashClient,
    config::Balance::HashPath,
];

proptest! {
    #[test]
    fn one_that_may_be_asked_is_picked(
        weights in prop::collection::vec(1_u32..5, 1..8),
        mask in 1_u64..255,
        keys in prop::collection::vec(any::<u64>(), 1..20),
    ) {
        let may = Mask(mask & Mask::first(weights.len()).0);
        prop_assume!(!may.is_empty());
        let load = Written::new(&weights);
        for how in ALL {
            let balance = Balance::new(how, &weights);
            for key in &keys {
                let picked = balance.pick(may, &load, *key, |below| *key as usize % below);
                prop_assert!(may.has(picked), "{how:?}");
            }
        }
    }

    #[test]
    fn turns_by_weight_are_exact_after_each_round(weights in prop::collection::vec(1_u32..6, 1..6)) {
        let load = Written::new(&weights);
        let balance = Balance::new(config::Balance::Weighted, &weights);
        let may = Mask::first(weights.len());
        let mut counts = vec![0; weights.len()];
        for _ in 0..weights.iter().sum::<u32>() * 3 {
            counts[balance.pick(may, &load, 0, |_| 0)] += 1;
        }
        let wanted: Vec<_> = weights.iter().map(|weight| weight * 3).collect();
        prop_assert_eq!(counts, wanted);
    }

    #[test]
    fn no_server_of_a_ring_has_much_more_than_the_mean(
        keys in prop::collection::vec(0_u64..3, 1..200),
    ) {
        let weights = [1; 5];
        let load = Written::new(&weights);
        let balance = Balance::new(config::Balance::HashClient, &weights);
        for (all, key) in keys.into_iter().enumerate() {
            let picked = balance.pick(Mask::first(5), &load, hash(key), |_| 0);
            load.under_way.borrow_mut()[picked] += 1;
            let most = load.under_way(picked) as f64;
            prop_assert!(most <= 1.25 * (all + 1) as f64 / 5.0 + 1.0);
        }
    }
}

#[test]
fn weighted_turns_have_no_runs() {
    let load = Written::new(&[5, 1, 1]);
    let balance = Balance::new(config::Balance::Weighted, &[5, 1, 1]);
    let picks: Vec<_> = (0..7)
        .map(|_| balance.pick(Mask(7), &load, 0, |_| 0))
        .collect();
    assert_eq!(picks, [0, 0, 1, 0, 2, 0, 0]);
}

#[test]
fn of_two_the_one_with_less_delay_is_picked() {
    let mut load = Written::new(&[1, 1]);
    load.delay = vec![9.0, 1.0];
    let balance = Balance::new(config::Balance::Ewma, &[1, 1]);
    assert_eq!(balance.pick(Mask(3), &load, 0, |_| 0), 1);
}

#[test]
fn a_server_that_leaves_a_ring_moves_its_own_keys_alone() {
    let load = Written::new(&[1; 5]);
    let balance = Balance::new(config::Balance::HashPath, &[1; 5]);
    let all = Mask::first(5);
    for key in (0..1_000).map(hash) {
        let before = balance.pick(all, &load, key, |_| 0);
        let after = balance.pick(all.without(2), &load, key, |_| 0);
        assert!(before == after || before == 2);
    }
}
