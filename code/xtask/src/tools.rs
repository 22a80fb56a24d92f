//! What a command needs besides Rust, said in one sentence if it is not there.

use std::env;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use crate::zola::NPM;

/// As `tests/browser/installed.js` looks for them.
const BROWSERS: [&str; 5] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
];

/// Node.js, a browser of Chromium's kind, and the built pages.
pub fn need_pages_in_a_browser(shell: &Shell) -> Result<()> {
    need_node(shell)?;
    ensure!(
        browser().is_some(),
        "no Chromium is on PATH, nor Chrome or Edge: install it, on Debian as `chromium`"
    );
    ensure!(
        shell.path_exists("public/index.html"),
        "there are no pages in public/ yet: `cargo xtask build` writes them"
    );
    Ok(())
}

/// Node.js with npm.
pub fn need_node(shell: &Shell) -> Result<()> {
    for program in ["node", NPM] {
        let answer = cmd!(shell, "{program} --version").quiet().ignore_stderr();
        let found = answer.read();
        found.with_context(|| {
            format!("`{program}` does not run: install Node.js 18 or newer with npm, https://nodejs.org/")
        })?;
    }
    Ok(())
}

/// The first browser of Chromium's kind on PATH.
pub fn browser() -> Option<&'static str> {
    let folders = env::var_os("PATH").unwrap_or_default();
    let is_there = |name: &&str| env::split_paths(&folders).any(|it| it.join(name).is_file());
    BROWSERS.into_iter().find(is_there)
}

/// Installs what `package-lock.json` of a folder names, unless it is installed already.
pub fn install(shell: &Shell, folder: &str) -> Result<()> {
    let folder = Path::new(folder);
    let lock = shell.read_file(folder.join("package-lock.json"))?;
    let installed = folder.join("node_modules/.installed");
    if shell.read_file(&installed).is_ok_and(|text| text == lock) {
        return Ok(());
    }
    eprintln!("The packages of {} are installed, once.", folder.display());
    let words = ["--no-audit", "--no-fund", "--ignore-scripts", "--prefix"];
    let install = cmd!(shell, "{NPM} ci {words...} {folder}")
        .quiet()
        .ignore_stdout();
    install.run().with_context(|| {
        format!(
            "npm could not install the packages of {}: is there a network?",
            folder.display()
        )
    })?;
    Ok(shell.write_file(installed, lock)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_installed_is_not_installed_again() {
        let folder = tempfile::tempdir().unwrap();
        let shell = Shell::new().unwrap();
        shell.change_dir(folder.path());
        for file in ["package-lock.json", "node_modules/.installed"] {
            shell.write_file(file, "{}").unwrap();
        }
        install(&shell, ".").unwrap();
        assert_eq!(shell.read_dir("node_modules").unwrap().len(), 1);
        shell.write_file("package-lock.json", "no JSON").unwrap();
        let error = install(&shell, ".").unwrap_err().to_string();
        assert!(error.contains("could not install"), "{error}");
    }
}
