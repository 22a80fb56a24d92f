//! Stands in for rustc when skeptic builds a block: as Rust 2024, without a warning, and with
//! no crates but those that a reader may use.

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{self, Command, Stdio};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A warning is an error: a reader who pastes a block should see none.
const FLAGS: &[&str] = &[
    "--edition=2024",
    "--crate-name=main",
    "-Dwarnings",
    "-Cstrip=debuginfo",
];

/// Which compiler this stands in for, and which crates a block may use.
const COMPILER: &str = "CHAPTERS_RUSTC";
const CRATES: &str = "CHAPTERS_CRATES";

/// Sets the variables that the tests run with.
pub fn announce(root: &str) -> Result<()> {
    for (name, value) in [
        ("BOOK", root),
        ("RUSTC", &env::current_exe()?.display().to_string()),
        (COMPILER, &env::var("RUSTC")?),
        (CRATES, &crates(&fs::read_to_string("Cargo.toml")?)),
        // Both compilers would take turns in forgetting what cargo knows of the other.
        ("CARGO_CACHE_RUSTC_INFO", "0"),
        // The message of a panic, and not the way to it.
        ("RUST_BACKTRACE", "0"),
        ("SKEPTIC_BINARY_CACHE_MB", "2048"),
    ] {
        println!("cargo:rustc-env={name}={value}");
    }
    Ok(())
}

/// The dependencies of a manifest.
fn crates(manifest: &str) -> String {
    let lines = manifest
        .lines()
        .skip_while(|line| *line != "[dependencies]");
    let lines = lines.skip(1).take_while(|line| !line.starts_with('['));
    let names = lines.filter_map(|line| line.split(['.', ' ', '=']).next());
    let names: Vec<String> = names.map(|name| name.replace('-', "_")).collect();
    names.join(",")
}

/// Does what skeptic asks of rustc, in the words of the command line.
pub fn stand_in(words: Vec<OsString>) -> Result<()> {
    let (compiler, crates) = (env::var(COMPILER)?, env::var(CRATES)?);
    let source = Path::new(&words[0]);
    if !source.ends_with("test.rs") {
        let status = Command::new(compiler).args(&words).status()?;
        if words[0] == "-vV" {
            // skeptic keeps a program under this answer, too.
            println!("book: {FLAGS:?} {crates}");
        }
        process::exit(status.code().unwrap_or(1));
    }
    let text = fs::read_to_string(source)?;
    let folder = source.parent().ok_or("a file stands in a folder")?;
    let mut command = Command::new(compiler);
    command.current_dir(folder).args(FLAGS);
    // Without this its tests would not even be compiled.
    if has_tests(&text) {
        command.arg("--test");
    }
    match place(&text) {
        // It has to show why it failed: its messages name the page and its lines.
        Some((page, line)) => {
            let code = text.split_once('\n').map_or("", |(_, code)| code);
            let file = folder.join(page);
            fs::create_dir_all(file.parent().unwrap_or(folder))?;
            fs::write(file, "\n".repeat(line) + code)?;
            command.arg(page);
        }
        None => {
            command.arg(source).stderr(Stdio::null());
        }
    }
    add(&mut command, &words[1..], &crates);
    process::exit(command.status()?.code().unwrap_or(1));
}

/// `//@ content/part1-foundations/ch01-….md:57`, in the first line.
fn place(text: &str) -> Option<(&str, usize)> {
    let (page, line) = text
        .strip_prefix("//@ ")?
        .lines()
        .next()?
        .rsplit_once(':')?;
    Some((page, line.parse().ok()?))
}

fn has_tests(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim_start);
    lines.any(|line| line.starts_with("#[test") || line.starts_with("#[tokio::test"))
}

/// Adds the words of skeptic, without its edition and the crates that are not for blocks.
fn add(command: &mut Command, words: &[OsString], crates: &str) {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let text = word.to_string_lossy();
        if text == "--extern" {
            let Some(value) = words.next() else { return };
            let name = value.to_string_lossy().split('=').next().map(str::to_owned);
            let name = name.unwrap_or_default();
            if name == "limit" || crates.split(',').any(|allowed| allowed == name) {
                command.arg(word).arg(value);
            }
        } else if text == "-L" {
            let Some(value) = words.next() else { return };
            let value = value.to_string_lossy();
            // Found as what others need, not by a block that names them.
            let folder = value.strip_prefix("dependency=").unwrap_or(&value);
            command.arg("-L").arg(format!("dependency={folder}"));
        } else if text != "--verbose" && !text.starts_with("--edition") {
            command.arg(word);
        }
    }
}
