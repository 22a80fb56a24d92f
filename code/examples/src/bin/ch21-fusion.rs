//! Sensor fusion: five sensors measure one distance, and one of them lies.
//! The delays come from a seed. Run it: `cargo run -p examples --bin ch21-fusion 7`

use std::collections::BTreeMap;
use std::time::Duration;

use patterns::blackboard::{Blackboard, Fact, Follower};
use tokio::task::JoinSet;
use tokio::time::sleep;

// ANCHOR: facts
#[derive(Clone, Debug, PartialEq)]
enum Note {
    Reading(i32),
    /// The median of what trusted sensors say, in centimeters.
    Distance(i32),
    /// The sensors are too far apart to believe a median.
    Contradiction,
    Doubt(String),
}

/// Readings that are farther than this from the median contradict it.
const NEAR: u32 = 10;
/// A median of fewer sensors than this says nothing.
const QUORUM: usize = 3;
// ANCHOR_END: facts

// ANCHOR: fuse
/// What the newest readings say, with those who contradict it.
fn fuse(readings: &BTreeMap<String, Fact<Note>>) -> Option<(Note, Vec<String>)> {
    let value = |fact: &Fact<Note>| match fact.value {
        Note::Reading(value) => value,
        _ => unreachable!("a fact of the topic reading"),
    };
    let mut sorted: Vec<i32> = readings.values().map(value).collect();
    sorted.sort_unstable();
    if sorted.len() < QUORUM {
        return None;
    }
    let median = sorted[sorted.len() / 2];
    let mut far: Vec<String> = readings.keys().cloned().collect();
    far.retain(|name| value(&readings[name]).abs_diff(median) > NEAR);
    if readings.len() - far.len() < QUORUM {
        return Some((Note::Contradiction, Vec::new()));
    }
    Some((Note::Distance(median), far))
}

async fn fusion(board: Blackboard<Note>, mut facts: Follower<Note>) {
    let source = board.source("fusion");
    let mut readings = BTreeMap::new();
    loop {
        let fact = facts.next().await;
        readings.insert(fact.source.clone(), fact);
        let Some((result, far)) = fuse(&readings) else {
            continue;
        };
        let because: Vec<_> = readings.values().map(|fact| fact.version).collect();
        let known = board.get("distance");
        if known.is_none_or(|known| known.value != result) {
            let _ = source.post("distance", result, &because);
        }
        for name in far {
            let doubt = format!("doubt/{name}");
            let reason = readings[&name].version;
            // Doubted once is enough: refused if there is a doubt already.
            let _ = source.post_if(0, &doubt, Note::Doubt(name), &[reason]);
        }
    }
}
// ANCHOR_END: fuse

// ANCHOR: simulate
/// A random number that depends on the seed alone (splitmix64).
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*seed ^ (*seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// One run on a clock of its own: the seed decides who posts when.
fn simulate(mut seed: u64, sensors: &[(&'static str, i32)]) -> Vec<Fact<Note>> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build();
    runtime.expect("no threads, no sockets").block_on(async {
        let (board, mut sources) = (Blackboard::new(1000), JoinSet::new());
        let fusion = tokio::spawn(fusion(board.clone(), board.follow(&["reading"])));
        for (name, value) in sensors.iter().copied() {
            let delay = Duration::from_millis(next(&mut seed) % 1000);
            let source = board.source(name);
            sources.spawn(async move {
                sleep(delay).await;
                let _ = source.post("reading", Note::Reading(value), &[]);
            });
        }
        sources.join_all().await; // Nothing more comes from outside,
        board.settled().await; // and nothing more is concluded.
        fusion.abort();
        board.log()
    })
}
// ANCHOR_END: simulate

const SENSORS: [(&str, i32); 5] = [
    ("radar", 201),
    ("lidar", 200),
    ("sonar", 340),
    ("left", 199),
    ("right", 202),
];

fn main() {
    let seed = std::env::args().nth(1).and_then(|seed| seed.parse().ok());
    for fact in simulate(seed.unwrap_or(7), &SENSORS) {
        println!("{} {}: {:?}", fact.version, fact.source, fact.value);
    }
}

// ANCHOR: tests
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_is_one_run_and_seeds_differ() {
        let runs: Vec<_> = (0..20).map(|seed| simulate(seed, &SENSORS)).collect();
        assert!((0..20).all(|seed| runs[seed as usize] == simulate(seed, &SENSORS)));
        assert!(runs.iter().any(|run| *run != runs[0]));
    }

    #[test]
    fn in_each_order_the_liar_is_outvoted_and_doubted() {
        for seed in 0..200 {
            let board = Blackboard::replay(&simulate(seed, &SENSORS), 1000);
            let distance = board.get("distance").unwrap();
            assert_eq!(distance.value, Note::Distance(201), "seed {seed}");
            assert_eq!(board.get("doubt/sonar").unwrap().source, "fusion");
        }
    }

    #[test]
    fn two_against_two_is_a_contradiction_and_no_average() {
        let sensors = [("a", 100), ("b", 102), ("c", 300), ("d", 301)];
        let board = Blackboard::replay(&simulate(1, &sensors), 1000);
        assert_eq!(board.get("distance").unwrap().value, Note::Contradiction);
    }
}
// ANCHOR_END: tests
