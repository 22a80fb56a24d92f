//! How long it takes to build the site: this one, and two that others build, of the same text.
//!
//! ```console
//! $ cargo xtask bench site     # or: cargo bench --package site --bench builds
//! ```
//!
//! All of it happens in copies below `target/bench/site/`. Each way builds once before anything is
//! measured; then, in each round, all take turns, so that a busy moment of the machine does not hit
//! one alone.

use std::time::Instant;

use anyhow::Result;
use harness::bench::{load, median};

mod edit;
mod ways;

use ways::Way;

const ROUNDS: usize = 3;

fn main() -> Result<()> {
    let ways = ways::all()?;
    let load_before = load();
    let mut times = vec![Vec::new(); ways.len()];
    for round in 1..=ROUNDS {
        for (way, times) in ways.iter().zip(&mut times) {
            let start = Instant::now();
            way.build()?;
            let time = start.elapsed().as_secs_f64();
            eprintln!("round {round}: {} {time:.2} s", way.name);
            times.push(time);
        }
    }
    let edits = edit::seen(&ways[0], ROUNDS)?;
    report(&ways, times, edits, &load_before);
    Ok(())
}

/// Prints the table: the median of each row, in seconds and as a multiple of the first.
fn report(ways: &[Way], times: Vec<Vec<f64>>, edits: Vec<f64>, load_before: &str) {
    println!(
        "{} processors, load {load_before} before and {} after, the median of {ROUNDS} rounds:\n",
        std::thread::available_parallelism().map_or(1, usize::from),
        load()
    );
    println!("| | seconds | of ours |");
    println!("| --- | ---: | ---: |");
    let medians: Vec<f64> = times.into_iter().map(median).collect();
    for (way, time) in ways.iter().zip(&medians) {
        println!("| {} | {time:.2} | {:.2} × |", way.name, time / medians[0]);
    }
    println!(
        "| ours: an edit, until it is served | {:.2} | |",
        median(edits)
    );
}
