//! What balance, chunks, paths, checks and limits hold, whatever they are given.

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr};

use gateway::balance::{Balance, Load, Mask, hash};
use gateway::chunks::Chunks;
use gateway::config;
use gateway::health::Streak;
use gateway::limits::{AtOnce, Rate};
use gateway::target::normal;
use hyper::header::HeaderMap;
use proptest::prelude::*;

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

proptest! {
    #[test]
    fn a_body_ends_at_the_same_byte_however_it_is_cut(
        sizes in prop::collection::vec(1_usize..40, 0..6),
        cut in 1_usize..20,
    ) {
        let mut body = Vec::new();
        for size in sizes {
            body.extend(format!("{size:x};a=b\r\n").bytes());
            body.extend(std::iter::repeat_n(b'\n', size));
            body.extend(b"\r\n");
        }
        body.extend(b"0\r\nx-sum: 1\r\n\r\n");
        let whole = body.len();
        body.extend(b"GET / HTTP/1.1\r\n");

        let (mut chunks, mut at, mut over) = (Chunks::default(), 0, false);
        while !over {
            let until = body.len().min(at + cut);
            let (read, end) = chunks.advance(&body[at..until]).unwrap();
            (at, over) = (at + read, end);
        }
        prop_assert_eq!(at, whole);
    }
}

#[test]
fn what_other_readers_take_in_another_way_is_refused() {
    for body in [
        "5\nhello",
        "0x5\r\n",
        " 5\r\n",
        "5 \r\n",
        "\r\n",
        "5\r\nhello0\r\n",
        "fffffffffffffffff\r\n",
        "-1\r\n",
        "5;a\nb\r\n",
    ] {
        assert!(
            Chunks::default().advance(body.as_bytes()).is_none(),
            "{body:?}"
        );
    }
}

#[test]
fn a_path_has_one_form() {
    for path in [
        "/a/b",
        "/a/./b",
        "//a//b",
        "/a/x/../b",
        "/%61/b",
        "/a/%2e%2E/a/b",
        "/a/%2e/b",
    ] {
        assert_eq!(normal(path).as_deref(), Ok("/a/b"), "{path}");
    }
    for path in [
        "/../a",
        "/%2e%2e/a",
        "/a%2fb",
        "/a%5cb",
        "/a\\b",
        "/%",
        "/%4",
        "/%00",
        "/%zz",
        "*",
    ] {
        assert!(normal(path).is_err(), "{path}");
    }
}

proptest! {
    #[test]
    fn a_normal_path_is_normal(path in "/[a-c./%25eE]{0,12}") {
        if let Ok(once) = normal(&path) {
            prop_assert_eq!(normal(&once), Ok(once.clone()));
            prop_assert!(!once.split('/').any(|part| part == "." || part == ".."));
        }
    }
}

#[test]
fn a_server_on_the_edge_does_not_flap() {
    let mut streak = Streak::new(true);
    let answers = [
        false, true, false, false, true, false, false, false, true, false, true, true,
    ];
    let believed: Vec<_> = answers
        .iter()
        .map(|good| streak.count(*good, 2, 3))
        .collect();
    let t = true;
    let f = false;
    assert_eq!(believed, [t, t, t, t, t, t, t, f, f, f, f, t]);
}

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

#[test]
fn two_hundred_at_once_through_two_threads_are_ten_that_pass() {
    let rate = config::Rate {
        per_second: 1,
        burst: 10,
        by: None,
        shared: false,
    };
    let rate = Rate::new(&rate, "all", None);
    let passes = || futures::executor::block_on(rate.check(HERE, &HeaderMap::new())).is_ok();
    let pass = || (0..100).filter(|_| passes()).count();
    let passed = std::thread::scope(|scope| {
        let other = scope.spawn(pass);
        pass() + other.join().unwrap()
    });
    assert_eq!(passed, 10);
}

#[tokio::test(start_paused = true)]
async fn a_place_is_waited_for_and_not_for_ever() {
    let at_once = AtOnce::new(1);
    let first = at_once.enter().await;
    assert!(first.is_some() && at_once.enter().await.is_none());
    drop(first);
    assert!(at_once.enter().await.is_some());
}
