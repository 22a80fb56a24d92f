//! This task queue and others, measured in one run on one machine.
//!
//! ```console
//! $ cargo xtask bench task-queue            # all of it: writes the tables into benches/README.md
//! $ cargo xtask bench task-queue --quick    # a tenth of the jobs, one round: prints the tables
//! ```
//!
//! Every measurement of every system gets a store of its own (a `redis-server`, or a file) and programs of
//! its own: a worker and a producer. They all speak the same few words over their standard input and output,
//! which `program.rs` describes. In each round the systems take turns in each measurement, so that a busy
//! moment of the machine does not hit one alone.

use anyhow::Result;
use clap::{Parser, Subcommand};

mod measure;
mod minimal;
mod ours;
mod payload;
mod producer;
mod program;
mod sidekiq;
mod store;
mod systems;
mod table;
mod tally;
mod trials;

use testbed::report::Cells;
use testbed::{install, machine, only};

use measure::Sizes;
use table::Table;

#[derive(Parser)]
struct Options {
    /// A tenth of the jobs, one round, nothing written
    #[arg(long)]
    quick: bool,
    /// How often everything is measured
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Only systems whose names begin so
    #[arg(long)]
    only: Vec<String>,
    /// What `cargo bench` tells every benchmark
    #[arg(long, hide = true)]
    bench: bool,
    #[command(subcommand)]
    part: Option<Part>,
}

/// What the driver starts this program again for.
#[derive(Subcommand)]
enum Part {
    #[command(hide = true)]
    Ours { role: program::Role },
    #[command(hide = true)]
    Minimal { role: program::Role },
}

fn main() -> Result<()> {
    let options = Options::parse();
    match options.part {
        Some(Part::Ours { role }) => ours::run(role),
        Some(Part::Minimal { role }) => minimal::run(role),
        None => compare(&options),
    }
}

fn compare(options: &Options) -> Result<()> {
    let (sizes, rounds) = match options.quick {
        true => (Sizes::QUICK, 1),
        false => (Sizes::FULL, options.rounds.max(1)),
    };
    let is_wanted = |name: &str| only::is_wanted(&options.only, name);
    let folder = install::folder("task-queue")?;
    let systems = systems::all(&folder, &is_wanted)?;
    let systems = only::chosen(systems, &options.only, |system| &system.name)?;
    let mut cells = Cells::new(systems.len());
    let mut loads = Vec::new();
    for round in 1..=rounds {
        for measurement in measure::ALL {
            if round > 1 && measurement.once {
                continue;
            }
            for (row, system) in systems.iter().enumerate() {
                loads.push(machine::load());
                let measured = measurement.measure(system, &sizes, &folder);
                eprintln!(
                    "round {round}, {}, {}:{measured}",
                    measurement.name, system.name
                );
                cells.add(row, measured.0);
            }
        }
    }
    let table = Table {
        systems: &systems,
        cells: &cells,
        sizes: &sizes,
        rounds,
        loads: &loads,
    };
    match options.quick || !options.only.is_empty() {
        true => println!("{table}"),
        false => table.write()?,
    }
    Ok(())
}
