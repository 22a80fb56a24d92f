//! How long it takes to prove the book: with this harness, and in the ways that others have.
//!
//! ```console
//! $ cargo xtask bench harness     # or: cargo bench --package harness --bench peers
//! ```
//!
//! Every way gets a copy of the book's pages, the same programs in each, below `target/bench/`.
//! There the crates they use are compiled before anything is measured. Then, in each round, all
//! ways take turns in each phase, so that a busy moment of the machine does not hit one alone.

use std::time::{Duration, Instant};

use harness::bench::{load, median};

mod pages;
mod ways;

use pages::Pages;
use ways::Way;

const ROUNDS: usize = 3;

/// What is measured, and what stands in the table for it.
#[derive(Clone, Copy)]
enum Phase {
    Cold,
    Warm,
    Edit,
    EditOfChapter,
}

const PHASES: [(Phase, &str); 4] = [
    (Phase::Cold, "cold: no program is built"),
    (Phase::Warm, "warm: nothing changed"),
    (Phase::Edit, "one block changed, whole book"),
    (Phase::EditOfChapter, "one block changed, its chapter"),
];

fn main() -> anyhow::Result<()> {
    let pages = Pages::read()?;
    let ways = ways::all(&pages)?;
    let load_before = load();
    let mut edit = std::process::id();
    let mut table = vec![vec![Vec::new(); ways.len()]; PHASES.len()];
    for round in 1..=ROUNDS {
        for ((phase, what), row) in PHASES.iter().zip(&mut table) {
            for (way, times) in ways.iter().zip(row) {
                let time = measure(way, *phase, &pages, &mut edit)?;
                eprintln!(
                    "round {round}, {what}: {} {:.2} s",
                    way.name,
                    time.as_secs_f64()
                );
                times.push(time.as_secs_f64());
            }
        }
    }
    report(&pages, &ways, table, &load_before);
    Ok(())
}

fn measure(way: &Way, phase: Phase, pages: &Pages, edit: &mut u32) -> anyhow::Result<Duration> {
    loop {
        let mut command = way.command();
        match phase {
            Phase::Cold => way.forget()?,
            Phase::Warm => {}
            Phase::Edit | Phase::EditOfChapter => {
                *edit += 1;
                way.edit(pages, *edit)?;
            }
        }
        if matches!(phase, Phase::EditOfChapter) {
            command = way.command_for_chapter();
        }
        let start = Instant::now();
        let proved = way.prove(command);
        let time = start.elapsed();
        match proved {
            // skeptic opens its programs while it starts others, which this can come of.
            Err(error) if error.to_string().contains("Text file busy") => {
                eprintln!("{} fails, a text file being busy; once more", way.name);
            }
            proved => return proved.map(|_| time),
        }
    }
}

/// Prints the table: the median of each cell, in seconds and as a multiple of the first column.
fn report(pages: &Pages, ways: &[Way], table: Vec<Vec<Vec<f64>>>, load_before: &str) {
    println!(
        "{} programs on {} pages, {} processors, load {load_before} before and {} after, \
         the median of {ROUNDS} rounds in seconds:\n",
        pages.programs(),
        pages.len(),
        std::thread::available_parallelism().map_or(1, usize::from),
        load()
    );
    let names: Vec<&str> = ways.iter().map(|way| way.name.as_str()).collect();
    println!("| | {} |", names.join(" | "));
    println!("| --- |{}", " ---: |".repeat(ways.len()));
    for ((_, what), row) in PHASES.iter().zip(table) {
        let medians: Vec<f64> = row.into_iter().map(median).collect();
        print!("| {what} | {:.2} |", medians[0]);
        for time in &medians[1..] {
            print!(" {time:.2} = {:.1} × |", time / medians[0]);
        }
        println!();
    }
}
