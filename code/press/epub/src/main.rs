//! `epub SITE WORDS FILE MODIFIED AUTHOR`: binds the pages in SITE into the EPUB FILE. `cargo xtask build` calls it.

use std::env;
use std::path::Path;
use std::process::ExitCode;

use epub::{About, Words};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [site, words, file, modified, author] = arguments.as_slice() else {
        eprintln!(
            "usage: epub SITE WORDS FILE MODIFIED AUTHOR (SITE is the folder of the built site, WORDS is content/words/en.toml)"
        );
        return ExitCode::FAILURE;
    };
    let bound = Words::read(Path::new(words)).and_then(|words| {
        let about = About {
            author: author.clone(),
            modified: modified.clone(),
            words,
        };
        epub::bind(Path::new(site), &about, Path::new(file))
    });
    match bound {
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
