//! This chat and others, measured in one run on one machine by the same clients.
//!
//! ```console
//! $ cargo xtask bench chat            # all of it: writes the tables into benches/README.md
//! $ cargo xtask bench chat --quick    # one second each and a tenth of the clients: prints them
//! ```
//!
//! Every measurement of every system gets a server of its own, which says on its standard error
//! where it listens. The systems take turns in each measurement, so that a busy moment of the
//! machine does not hit one alone.

use std::path::Path;

use anyhow::Result;
use clap::{Parser, Subcommand};
use testbed::report::Cells;
use testbed::{install, machine, only};

mod bare;
mod clients;
mod systems;
mod table;
mod trials;

use table::Table;
use trials::{ALL, Sizes};

#[derive(Parser)]
struct Options {
    /// One second each, a tenth of the clients, nothing written
    #[arg(long)]
    quick: bool,
    /// How often everything is measured
    #[arg(long, default_value_t = 1)]
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
    Bare {
        #[arg(long)]
        gather: bool,
    },
}

#[tokio::main]
async fn main() -> Result<()> {
    service::raise_file_limit();
    let options = Options::parse();
    match options.part {
        Some(Part::Bare { gather }) => bare::run(gather).await,
        None => compare(&options).await,
    }
}

async fn compare(options: &Options) -> Result<()> {
    let sizes = match options.quick {
        true => Sizes::QUICK,
        false => Sizes::FULL,
    };
    let is_wanted = |name: &str| only::is_wanted(&options.only, name);
    let systems = systems::all(&install::folder("chat")?, &is_wanted)?;
    let systems = only::chosen(systems, &options.only, |system| system.name)?;
    let mut cells = Cells::new(systems.len());
    let mut loads = Vec::new();
    for round in 1..=options.rounds.max(1) {
        for (name, trial) in ALL {
            for (row, system) in systems.iter().enumerate() {
                loads.push(machine::load());
                let noted = trial.measure(system, &sizes).await;
                eprintln!("round {round}, {name}, {}: {noted:?}", system.name);
                cells.add(row, noted);
            }
        }
    }
    let table = Table {
        systems: &systems,
        cells: &cells,
        sizes: &sizes,
        rounds: options.rounds.max(1),
        loads: &loads,
    };
    match options.quick || !options.only.is_empty() {
        true => println!("{table}"),
        false => table.write(Path::new("benches/README.md"))?,
    }
    Ok(())
}
