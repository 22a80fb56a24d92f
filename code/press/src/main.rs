//! `press epub FILE TIME`: the whole book as an EPUB. `cargo xtask epub` calls it, in the root of the repository.

use std::env;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use press::{Book, epub};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match press(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("usage: press epub FILE TIME (such as 2026-11-23T12:00:00Z)");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether it was asked for something it does.
fn press(arguments: &[&str]) -> Result<bool> {
    match arguments {
        ["epub", file, time] => epub::write(&Book::read(Path::new("."))?, time, Path::new(file))?,
        _ => return Ok(false),
    }
    Ok(true)
}
