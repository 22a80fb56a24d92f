//! `cargo xtask bench`: what the book says of its own speed, measured again.

use anyhow::{Result, ensure};
use xshell::{Shell, cmd};

#[derive(clap::Args)]
pub struct Options {
    /// What to measure
    what: What,
    /// The task queue, the chat, the orders and the gateway: a tenth of it, one round, and the tables printed instead of written
    #[arg(long)]
    quick: bool,
    /// The task queue and the chat: how often everything is measured
    #[arg(long, value_name = "N")]
    rounds: Option<u8>,
    /// The task queue and the chat: only systems whose names begin so, and the tables printed
    #[arg(long)]
    only: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, clap::ValueEnum)]
enum What {
    /// Proving the book: cold, warm, and after an edit
    Harness,
    /// Building the site: this one, mdBook and Material for MkDocs; ten times the chapters; an edit
    Site,
    /// The crawler: crawls of 3,000 pages, a frontier of a million addresses; and spider and scrapy
    Scraper,
    /// The task queue: on Redis and SQLite, and BullMQ, apalis, Sidekiq, arq and Celery
    TaskQueue,
    /// The order service: on SQLite and PostgreSQL, by hand without events, and cqrs-es
    Orders,
    /// The chat: a broadcast without a history, ws and socket.io
    Chat,
    /// The gateway: passing through, with all layers, from its cache, large, TLS; and nginx, HAProxy and pingora
    Gateway,
}

pub fn bench(shell: &Shell, options: &Options) -> Result<()> {
    let words = words(options)?;
    Ok(cmd!(shell, "cargo bench {words...}").run()?)
}

/// What cargo is told.
fn words(options: &Options) -> Result<Vec<String>> {
    let Options {
        what,
        quick,
        rounds,
        only,
    } = options;
    let chosen = rounds.is_some() || !only.is_empty();
    ensure!(
        !chosen || [What::TaskQueue, What::Chat].contains(what),
        "--rounds and --only are options of task-queue and chat"
    );
    ensure!(
        !quick || [What::TaskQueue, What::Chat, What::Orders, What::Gateway].contains(what),
        "--quick is an option of task-queue, chat, orders and gateway"
    );
    let (package, bench) = match what {
        What::Harness => ("harness", "chapters"),
        What::Site => ("site", "builds"),
        What::Scraper => ("web-scraper", "compare"),
        What::TaskQueue => ("task-queue", "compare"),
        What::Orders => ("orders", "compare"),
        What::Chat => ("chat", "compare"),
        What::Gateway => ("gateway", "compare"),
    };
    let mut words = ["--package", package, "--bench", bench, "--"]
        .map(str::to_owned)
        .to_vec();
    words.extend(quick.then(|| "--quick".to_owned()));
    words.extend(rounds.map(|rounds| format!("--rounds={rounds}")));
    words.extend(only.iter().map(|name| format!("--only={name}")));
    Ok(words)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Arguments {
        #[command(flatten)]
        options: Options,
    }

    fn told(words: &str) -> String {
        let arguments = Arguments::parse_from(["bench"].into_iter().chain(words.split(' ')));
        match super::words(&arguments.options) {
            Ok(words) => words.join(" "),
            Err(error) => error.to_string(),
        }
    }

    /// There, `testbed::only` refuses a name that no system has.
    #[test]
    fn names_reach_the_benchmark_that_has_them_and_no_other() {
        for system in ["chat", "task-queue"] {
            let told = told(&format!("{system} --only redis --only ws"));
            let expected = format!("--package {system} --bench compare -- --only=redis --only=ws");
            assert_eq!(told, expected);
        }
        for system in ["harness", "site", "scraper", "orders", "gateway"] {
            let told = told(&format!("{system} --only redis"));
            assert_eq!(
                told,
                "--rounds and --only are options of task-queue and chat"
            );
        }
    }
}
