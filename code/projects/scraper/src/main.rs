//! `cargo run -p web-scraper -- demo`: a shop of 3,000 pages, and a crawl of it.

use std::process::ExitCode;

use clap::Parser;
use web_scraper::cli::{Cli, run};

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
