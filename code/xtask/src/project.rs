//! Where things stand: the repository, and the directory that git ignores.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use xshell::Shell;

/// A shell that stands in the root of the repository, wherever cargo was called from.
pub fn shell() -> Result<Shell> {
    let shell = Shell::new()?;
    // Called without cargo, it stands in the repository that it is called from.
    let root = match env::var_os("CARGO_MANIFEST_DIR") {
        Some(package) => Path::new(&package)
            .ancestors()
            .nth(2)
            .map(Path::to_path_buf),
        None => {
            let here = shell.current_dir();
            let mut folders = here.ancestors().map(Path::to_path_buf);
            folders.find(|folder| folder.join("code/xtask").is_dir())
        }
    };
    shell.change_dir(root.context("call it within the repository, as `cargo xtask`")?);
    Ok(shell)
}

/// Cargo's target directory, where everything goes that is made and can be made again.
/// It is relative to the root where that is possible, so that printed commands stay short.
pub fn target(shell: &Shell) -> Result<PathBuf> {
    let program = env::current_exe().context("cannot tell where xtask was built")?;
    // target/debug/xtask
    let target = program
        .ancestors()
        .nth(2)
        .context("xtask was not built by cargo")?;
    let root = shell.current_dir();
    Ok(target.strip_prefix(root).unwrap_or(target).to_path_buf())
}
