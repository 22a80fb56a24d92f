//! Finding Zola: the one on PATH, or else the pinned build from npm.

use std::ffi::{OsStr, OsString};
use std::net::UdpSocket;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use xshell::{Cmd, Shell, cmd};

use crate::project;

mod glibc;
mod mend;
mod npm;

pub use npm::NPM;

/// The versions of Zola that the templates are written for.
const WANTED: &str = "0.22.";

#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub struct Options {
    /// What to pass on to Zola
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// A Zola that runs on this machine.
pub enum Zola {
    OnPath,
    /// The script of the npm package, which node runs.
    Npm(PathBuf),
}

impl Zola {
    /// The `zola` on PATH if its version fits, else the one from npm, installed if need be.
    pub fn locate(shell: &Shell) -> Result<Self> {
        match version(cmd!(shell, "zola")) {
            Some(version) if version.starts_with(WANTED) => return Ok(Self::OnPath),
            Some(version) => eprintln!(
                "`zola` on PATH is {version}, but the book needs {WANTED}x: taking the one from npm"
            ),
            None => {}
        }
        npm::provide(shell).map(Self::Npm)
    }

    /// A call of Zola, which runs in the root of the repository.
    pub fn command<'a>(
        &self,
        shell: &'a Shell,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Call<'a> {
        let program = match self {
            Self::OnPath => cmd!(shell, "zola"),
            Self::Npm(script) => cmd!(shell, "node {script}"),
        };
        Call(program.args(arguments))
    }
}

/// A call of Zola that is being put together.
pub struct Call<'a>(Cmd<'a>);

impl Call<'_> {
    pub fn arg(self, argument: impl AsRef<OsStr>) -> Self {
        Self(self.0.arg(argument))
    }

    pub fn args(self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        Self(self.0.args(arguments))
    }

    pub fn run(self) -> Result<()> {
        self.0
            .run()
            .context("Zola did not finish; its message stands above")
    }

    /// Hands this process over to Zola, so that Ctrl-C and every other signal reach Zola itself
    /// and nothing is left running behind.
    pub fn become_it(self) -> Result<()> {
        eprintln!("$ {}", self.0);
        project::become_command(self.0.into())
    }

    /// The same, and this socket is closed when Zola ends, and not before: it is Zola's input, of
    /// which it reads nothing.
    pub fn become_it_with(self, turn: UdpSocket) -> Result<()> {
        eprintln!("$ {}", self.0);
        let mut command = Command::from(self.0);
        #[cfg(unix)]
        command.stdin(std::os::fd::OwnedFd::from(turn));
        // Elsewhere this process has it, and waits for Zola.
        #[cfg(not(unix))]
        let _turn = turn;
        project::become_command(command)
    }
}

/// `cargo xtask zola …`
pub fn pass_through(shell: &Shell, options: &Options) -> Result<()> {
    Zola::locate(shell)?
        .command(shell, &options.arguments)
        .become_it()
}

/// The version that this Zola answers with, or nothing if it does not run.
fn version(zola: Cmd<'_>) -> Option<String> {
    let answer = zola.arg("--version").quiet().ignore_stderr().read().ok()?;
    answer.strip_prefix("zola ").map(str::to_owned)
}
