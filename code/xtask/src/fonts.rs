//! `cargo xtask fonts`: cuts the faces of the book down to the characters that it uses.
//!
//! The faces come from npm (`code/xtask/fonts/`), the characters beyond ASCII from
//! `static/fonts/characters.txt`. What it writes is committed, so that no reader needs this: the
//! site's faces in `static/fonts/`, those for the PDF in `tests/browser/faces/`.

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::project;
use crate::zola::NPM;

const FILES: [&str; 3] = ["package.json", "package-lock.json", "subset.mjs"];

pub fn fonts(shell: &Shell) -> Result<()> {
    let home = shell.create_dir(project::target(shell)?.join("fonts"))?;
    for file in FILES {
        shell.copy_file(format!("code/xtask/fonts/{file}"), home.join(file))?;
    }
    let faces = shell.current_dir().join("static/fonts");
    let paper = shell.current_dir().join("tests/browser/faces");
    shell.create_dir(&paper)?;
    let _home = shell.push_dir(home);
    cmd!(shell, "{NPM} ci --no-audit --no-fund --ignore-scripts").run()?;
    cmd!(shell, "node subset.mjs {faces} {paper}")
        .run()
        .context("a face cannot be cut down; the message stands above")
}
