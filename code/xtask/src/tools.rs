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

/// The oldest Node.js, major and minor, that prints pages: what Debian 12 and Ubuntu 24.04 have does.
pub const NODE_TO_PRINT: (u32, u32) = (18, 17);

/// The oldest that tests and audits them, as `tests/*/package.json` say: html-validate does not load
/// with 18, and Lighthouse, which asks for 22.19 and runs with 20, gives no score for SEO there.
pub const NODE_TO_TEST: (u32, u32) = (20, 19);

/// Node.js, a browser of Chromium's kind, and the built pages.
pub fn need_pages_in_a_browser(shell: &Shell, oldest_node: (u32, u32)) -> Result<()> {
    need_node(shell, oldest_node)?;
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

/// Node.js, no older than this, with npm.
pub fn need_node(shell: &Shell, oldest: (u32, u32)) -> Result<()> {
    let (major, minor) = oldest;
    let install = format!("install Node.js {major}.{minor} or newer with npm, https://nodejs.org/");
    let ask = |program: &str| {
        let answer = cmd!(shell, "{program} --version").quiet().ignore_stderr();
        let answer = answer.read();
        answer.with_context(|| format!("`{program}` does not run: {install}"))
    };
    let node = ask("node")?;
    ask(NPM)?;
    let is_new = version(&node).is_some_and(|found| found >= oldest);
    ensure!(is_new, "the node on PATH is {node}: {install}");
    Ok(())
}

/// `v22.4.1` is 22 and 4.
fn version(node: &str) -> Option<(u32, u32)> {
    let mut numbers = node.strip_prefix('v')?.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
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
    let words = ["--no-audit", "--no-fund", "--ignore-scripts"];
    let install = cmd!(
        shell,
        "{NPM} ci --loglevel=error {words...} --prefix {folder}"
    )
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
    fn a_version_of_node_is_read() {
        assert_eq!(version("v22.4.1"), Some((22, 4)));
        assert!(version("v18.20.8") < Some(NODE_TO_TEST));
        assert!(version("v20.19.0") >= Some(NODE_TO_TEST));
        assert_eq!(version("unknown"), None);
    }

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
