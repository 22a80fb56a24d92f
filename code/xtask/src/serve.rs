//! `cargo xtask serve`: the book on this machine, reloading as it is edited.
//!
//! Search is left to `cargo xtask build`: its index is made from pages on disk, and these are in
//! Zola's memory. An index of the last build would not know the page that is being written.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use xshell::Shell;

use crate::project;
use crate::zola::Zola;

/// Zola's own default, so that bookmarks survive.
const FIRST_PORT: u16 = 1111;
const PORTS_TO_TRY: u16 = 20;

/// Files that pages show, besides those of `content/` and `code/`, and that Zola would not watch.
///
/// It watches `static/`, but only to serve its files anew. Pages also have drawings and runs
/// *in* them; under a name that does not begin with `static`, Zola renders the pages anew too.
const SHOWN: [&str; 4] = [
    "tests/anti_patterns",
    "code/exercises/info.toml",
    "code/../static/drawings",
    "code/../static/runs",
];

#[derive(clap::Args)]
pub struct Options {
    /// The port to serve on [default: the first free one from 1111]
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// Open the book in the browser
    #[arg(long)]
    open: bool,
}

pub fn serve(shell: &Shell, options: &Options) -> Result<()> {
    let zola = Zola::locate(shell)?;
    let port = choose_port(options.port)?.to_string();
    let name = format!("serve-{port}");
    // Zola empties this directory when it stops, so it must not be public/, nor that of another.
    let output = project::target(shell)?.join(name);
    let watched = watched(shell)?;
    let watch = watched
        .iter()
        .flat_map(|path| ["--extra-watch-path".as_ref(), path.as_os_str()]);

    eprintln!("The book comes up at http://127.0.0.1:{port}/ (Ctrl-C stops it)");
    eprintln!("Its search is in the built site only: `cargo xtask build` writes it to public/");
    zola.command(shell, ["serve", "--port", &port, "--fast"])
        .args(["--debounce", "50", "--force", "--output-dir"])
        .arg(output)
        .args(watch)
        .args(options.open.then_some("--open"))
        .become_it()
}

/// The port asked for if it is free, or the first free one.
fn choose_port(asked: Option<u16>) -> Result<u16> {
    if asked == Some(0) {
        let any = listen(0).context("no port is free")?;
        return Ok(any.local_addr()?.port());
    }
    if let Some(port) = asked {
        return match listen(port) {
            Ok(_) => Ok(port),
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                bail!("port {port} is taken: stop what listens there, or give another --port")
            }
            Err(error) => Err(error).with_context(|| format!("--port {port} cannot be had")),
        };
    }
    (FIRST_PORT..FIRST_PORT + PORTS_TO_TRY)
        .find(|&port| listen(port).is_ok())
        .with_context(|| {
            let last = FIRST_PORT + PORTS_TO_TRY - 1;
            format!("ports {FIRST_PORT} to {last} are all taken: give one with --port")
        })
}

fn listen(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
}

/// What Zola must watch besides its own directories: everything that shortcodes read.
/// `code/exercises` is left out, because readers build inside it while they read.
fn watched(shell: &Shell) -> Result<Vec<PathBuf>> {
    let packages = shell.read_dir("code")?;
    let packages = packages
        .iter()
        .filter(|path| !path.ends_with("exercises"))
        .filter_map(|path| path.strip_prefix(shell.current_dir()).ok());
    let files = SHOWN.iter().map(|name| name.as_ref());
    Ok(packages
        .chain(files)
        .filter(|path| shell.path_exists(path))
        .map(PathBuf::from)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_asked_for_and_taken_is_named() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = choose_port(Some(port)).unwrap_err().to_string();
        assert!(error.contains(&format!("port {port} is taken")), "{error}");
    }

    #[test]
    fn a_free_port_is_found_without_asking() {
        listen(choose_port(None).unwrap()).unwrap();
        let any = choose_port(Some(0)).unwrap();
        assert_ne!(any, 0);
        listen(any).unwrap();
    }
}
