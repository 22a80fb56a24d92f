//! `epub SITE FILE MODIFIED AUTHOR`: binds the pages in SITE into the EPUB FILE. `cargo xtask epub` calls it.

use std::env;
use std::path::Path;
use std::process::ExitCode;

use epub::About;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [site, file, modified, author] = arguments.as_slice() else {
        eprintln!("usage: epub SITE FILE MODIFIED AUTHOR (SITE is the folder of the built site)");
        return ExitCode::FAILURE;
    };
    let about = About {
        author: author.clone(),
        modified: modified.clone(),
    };
    match epub::bind(Path::new(site), &about, Path::new(file)) {
        Ok(pages) => {
            println!("The book of {pages} pages stands in {file}.");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
