//! A program that the compiler must refuse.

use std::path::Path;

use anyhow::Result;
use xshell::Shell;

use super::{name, write_new};
use crate::outline;

const PROGRAM: &str = include_str!("../../templates/anti_pattern.rs");

pub fn new(shell: &Shell, name: &str) -> Result<()> {
    let (chapter, own) = name::anti_pattern(name)?;
    let chapter = outline::find_chapter(shell, chapter)?.stem();
    let path = Path::new("tests/anti_patterns")
        .join(&chapter)
        .join(format!("{own}.rs"));
    write_new(shell, &[(path, PROGRAM.to_owned())])?;
    eprintln!(
        "Next: write the program, let `cargo xtask bless` take the compiler's message and read it,\n\
         then show both in the chapter: {{{{ anti_pattern(name=\"{chapter}/{own}\") }}}}"
    );
    Ok(())
}
