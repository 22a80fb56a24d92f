//! `gateway demo`, `gateway run FILE` and `gateway check FILE`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use gateway::check::parse;
use gateway::config::Config;
use gateway::demo;
use service::options::{self, Edge};

/// An API gateway. The options are those of its live page; the file says the rest.
#[derive(Parser)]
#[command(version, mut_args(|it| options::variables("GATEWAY")(it).global(true)))]
struct Options {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    page: Edge,
}

#[derive(Subcommand)]
enum Command {
    /// Starts three servers and a gateway before them, and says what to try
    Demo,
    /// Runs by a file, and follows its changes
    Run { file: PathBuf },
    /// Says what is wrong with a file
    Check { file: PathBuf },
}

fn main() -> ExitCode {
    let Options { command, page } = Options::parse();
    service::run(async |stop| {
        let (config, file) = match command {
            Command::Demo => (read(&demo::start().await?)?, None),
            Command::Run { file } => (read(&text(&file)?)?, Some(file)),
            Command::Check { file } => {
                read(&text(&file)?)?;
                println!("{} is fine", file.display());
                return Ok(());
            }
        };
        page.begin()?;
        let (running, pages) = gateway::start(&config, &page).await?;
        if file.is_none() {
            println!("{}", demo::lines(running.address, pages.local_addr()?));
        }
        gateway::serve(running, pages, file, &page, stop).await
    })
}

fn text(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| file.display().to_string())
}

fn read(text: &str) -> anyhow::Result<Config> {
    parse(text).map_err(|faults| {
        let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("the configuration has faults\n{}", faults.join("\n"))
    })
}
