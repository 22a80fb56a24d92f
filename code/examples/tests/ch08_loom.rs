//! Two threads, in every order of their steps that loom tells apart.
//!
//! Run it: `cargo test -p examples --test ch08_loom`.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use loom::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use loom::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use loom::thread;

// ANCHOR: totals
/// Two threads add one each. Which totals can come out?
fn totals(add: fn(&AtomicU32)) -> BTreeSet<u32> {
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let totals = Arc::clone(&seen);
    loom::model(move || {
        let counter = loom::sync::Arc::new(AtomicU32::new(0));
        let other = thread::spawn({
            let counter = counter.clone();
            move || add(&counter)
        });
        add(&counter);
        other.join().unwrap();
        seen.lock().unwrap().insert(counter.load(Relaxed));
    });
    totals.lock().unwrap().clone()
}

#[test]
fn a_load_and_a_store_can_lose_an_update() {
    let totals = totals(|counter| {
        let before = counter.load(Relaxed);
        counter.store(before + 1, Relaxed);
    });
    assert_eq!(totals, BTreeSet::from([1, 2]));
}

#[test]
fn fetch_add_loses_none() {
    let totals = totals(|counter| {
        counter.fetch_add(1, Relaxed);
    });
    assert_eq!(totals, BTreeSet::from([2]));
}
// ANCHOR_END: totals

/// One thread writes 7 and raises a flag. What can another read that sees the flag?
fn read_behind_the_flag(store: Ordering, load: Ordering) -> BTreeSet<u32> {
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let read = Arc::clone(&seen);
    loom::model(move || {
        let shared = loom::sync::Arc::new((AtomicU32::new(0), AtomicBool::new(false)));
        let writer = thread::spawn({
            let shared = shared.clone();
            move || {
                shared.0.store(7, Relaxed);
                shared.1.store(true, store);
            }
        });
        if shared.1.load(load) {
            seen.lock().unwrap().insert(shared.0.load(Relaxed));
        }
        writer.join().unwrap();
    });
    read.lock().unwrap().clone()
}

// ANCHOR: flag
#[test]
fn a_relaxed_flag_may_be_seen_before_what_it_announces() {
    let read = read_behind_the_flag(Relaxed, Relaxed);
    assert_eq!(read, BTreeSet::from([0, 7]));
}

#[test]
fn release_and_acquire_publish_what_was_written_before() {
    let read = read_behind_the_flag(Release, Acquire);
    assert_eq!(read, BTreeSet::from([7]));
}
// ANCHOR_END: flag
