//! `search FOLDER`: writes FOLDER/search/ from the pages in FOLDER. `cargo xtask build` calls it.

use std::env;
use std::path::Path;
use std::process::ExitCode;

use search::Summary;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [folder] = arguments.as_slice() else {
        eprintln!("usage: search FOLDER (the folder of the built pages, such as public)");
        return ExitCode::FAILURE;
    };
    match search::index(Path::new(folder)) {
        Ok(Summary {
            pages,
            sections,
            words,
            ..
        }) => {
            println!("Search knows {words} words of {sections} sections on {pages} pages.");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
