//! Installs programs to compare with, in the versions that their folders pin.
//!
//! A peer is a folder below `benches/peers/` of a package; what is installed for it is kept below
//! a folder of the caller's, and nothing is downloaded twice.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folders of the peers of the package that is measured.
pub fn peers() -> PathBuf {
    std::path::absolute("benches/peers").expect("there is a current directory")
}

/// Where the peers of this system are installed and its files are kept: `bench/SYSTEM` of the
/// target folder that the benchmark was built in, on the disk of the build. It's made if need be.
///
/// # Errors
///
/// It can't be made.
///
/// # Panics
///
/// The running program isn't a benchmark that cargo has built.
pub fn folder(system: &str) -> std::io::Result<PathBuf> {
    // target/release/deps/compare-0123456789abcdef
    let program = std::env::current_exe().expect("a program knows where it is");
    let target = program.ancestors().nth(3).expect("cargo has built it");
    let folder = target.join("bench").join(system);
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// The command that starts a program, or why it is not installed.
pub type Installed = Result<Vec<String>, String>;

/// A peer in JavaScript: a copy of its folder, with its packages, and its `script`.
pub fn node(name: &str, script: &str, into: &Path) -> Installed {
    let folder = copy(name, into)?;
    let (have, want) = (
        folder.join("node_modules/.installed"),
        read(&folder.join("package-lock.json"))?,
    );
    if read(&have).ok().as_ref() != Some(&want) {
        let npm = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
        run(Command::new("npm").args(npm).current_dir(&folder))?;
        fs::write(have, want).map_err(|error| error.to_string())?;
    }
    Ok(vec!["node".into(), text(&folder.join(script))])
}

/// A peer in Rust, outside of the workspace, with a lock file and a target folder of its own.
pub fn cargo(name: &str, program: &str, into: &Path) -> Installed {
    let target = into.join(name);
    let manifest = peers().join(name).join("Cargo.toml");
    run(Command::new("cargo")
        .args([
            "build",
            "--release",
            "--locked",
            "--quiet",
            "--manifest-path",
        ])
        .arg(manifest)
        .arg("--target-dir")
        .arg(&target))?;
    Ok(vec![text(&target.join("release").join(program))])
}

/// A peer in Python, in an environment of its own, and its `script`.
pub fn python(name: &str, script: &str, into: &Path) -> Installed {
    let environment = into.join(name);
    let python = environment.join("bin/python");
    let wanted = peers().join(name).join("requirements.txt");
    let (have, want) = (environment.join("requirements.txt"), read(&wanted)?);
    if read(&have).ok().as_ref() != Some(&want) {
        run(Command::new("python3")
            .args(["-m", "venv"])
            .arg(&environment))?;
        run(Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "-r"])
            .arg(&wanted))?;
        fs::write(have, want).map_err(|error| error.to_string())?;
    }
    Ok(vec![text(&python), text(&peers().join(name).join(script))])
}

/// Copies the files of a peer to where its packages may stand beside them.
fn copy(name: &str, folder: &Path) -> Result<PathBuf, String> {
    let (from, to) = (peers().join(name), folder.join(name));
    let copy_all = || {
        fs::create_dir_all(&to)?;
        for file in fs::read_dir(from)? {
            let file = file?;
            if file.file_type()?.is_file() {
                fs::copy(file.path(), to.join(file.file_name()))?;
            }
        }
        std::io::Result::Ok(())
    };
    copy_all().map_err(|error| format!("not installed: {error}"))?;
    Ok(to)
}

fn run(command: &mut Command) -> Result<(), String> {
    let program = text(Path::new(command.get_program()));
    let output = command
        .output()
        .map_err(|error| format!("not installed: {program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty());
    Err(format!(
        "not installed: {program}: {}",
        last.unwrap_or("failed").trim()
    ))
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
