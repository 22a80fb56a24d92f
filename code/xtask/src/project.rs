//! Where things stand: the repository, and the directory that git ignores.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

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

/// Starts this program anew without what cargo tells it of its package, if that is there.
///
/// Some build scripts, such as that of ring, run again when `CARGO_PKG_NAME` is another. So a cargo that
/// is called from here would build anew what `cargo test` has built, and the other way round.
pub fn leave_package(shell: &Shell) -> Result<()> {
    let mut names = of_package().peekable();
    if names.peek().is_none() {
        return Ok(());
    }
    let mut command =
        Command::new(env::current_exe().context("cannot tell where xtask was built")?);
    command
        .args(env::args_os().skip(1))
        .current_dir(shell.current_dir());
    names.for_each(|name| {
        command.env_remove(name);
    });
    become_command(command)
}

/// The names of the variables that tell a program of its package.
pub fn of_package() -> impl Iterator<Item = String> {
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    names.filter(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
}

/// Hands this process over, so that Ctrl-C and every other signal reach the other program itself.
#[cfg(unix)]
pub fn become_command(mut command: Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    let error = command.exec();
    Err(error).with_context(|| format!("cannot start {}", command.get_program().display()))
}

/// Elsewhere a console sends Ctrl-C to both processes, and both stop.
#[cfg(not(unix))]
pub fn become_command(mut command: Command) -> Result<()> {
    let status = command.status();
    let status =
        status.with_context(|| format!("cannot start {}", command.get_program().display()))?;
    std::process::exit(status.code().unwrap_or(1))
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
