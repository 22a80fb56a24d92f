//! `cargo run -p web-scraper -- demo`: a shop of 3,000 pages, and a crawl of it.

use std::process::ExitCode;

use clap::Parser;
use web_scraper::cli::{self, Cli};

fn main() -> ExitCode {
    let cli = Cli::parse();
    service::run(async |stop| cli::run(cli, stop).await)
}
