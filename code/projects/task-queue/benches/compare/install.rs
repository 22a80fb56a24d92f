//! Installs the peers below `target/bench/`, in the versions that their folders pin.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folders of the peers.
pub fn peers() -> PathBuf {
    std::path::absolute("benches/peers").expect("there is a current directory")
}

/// The command that starts a program, or why it is not installed.
type Installed = Result<Vec<String>, String>;

pub fn bullmq(folder: &Path) -> Installed {
    let folder = copy("bullmq", folder)?;
    if !folder.join("node_modules/bullmq").exists() {
        let npm = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
        run(Command::new("npm").args(npm).current_dir(&folder))?;
    }
    Ok(vec!["node".into(), text(&folder.join("peer.js"))])
}

pub fn apalis(folder: &Path) -> Installed {
    let target = folder.join("apalis");
    let manifest = peers().join("apalis/Cargo.toml");
    let build = [
        "build",
        "--release",
        "--locked",
        "--quiet",
        "--manifest-path",
    ];
    run(Command::new("cargo")
        .args(build)
        .arg(manifest)
        .arg("--target-dir")
        .arg(&target))?;
    Ok(vec![text(&target.join("release/apalis-peer"))])
}

pub fn sidekiq() -> Installed {
    if sidekiq_version().is_none() {
        return Err("not installed: no gem sidekiq (Debian: apt-get install ruby-sidekiq)".into());
    }
    Ok(vec!["ruby".into(), text(&peers().join("sidekiq/peer.rb"))])
}

pub fn sidekiq_name() -> String {
    sidekiq_version().map_or("Sidekiq".into(), |version| format!("Sidekiq {version}"))
}

fn sidekiq_version() -> Option<String> {
    let ask = ["-r", "sidekiq", "-e", "print Sidekiq::VERSION"];
    let output = Command::new("ruby").args(ask).output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !version.is_empty()).then_some(version)
}

/// A peer of Python, in an environment of its own.
pub fn python(folder: &Path, name: &str) -> Installed {
    let environment = folder.join(name);
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
    Ok(vec![
        text(&python),
        text(&peers().join(name).join("peer.py")),
    ])
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
