//! `offline FOLDER`: writes FOLDER/offline.json and names the build in FOLDER/sw.js. `cargo xtask build` calls it.

use std::env;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [folder] = arguments.as_slice() else {
        eprintln!("usage: offline FOLDER (the folder of the built site, such as public)");
        return ExitCode::FAILURE;
    };
    match offline::list(Path::new(folder)) {
        Ok(offline::Summary { files, bytes }) => {
            println!("The whole book is {files} files of {bytes} bytes, for reading offline.");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
