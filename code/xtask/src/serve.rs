//! `cargo xtask serve`: the book on this machine, reloading as it is edited.
//!
//! Search is left to `cargo xtask build`: its index is made from pages on disk, and these are in
//! Zola's memory. An index of the last build would not know the page that is being written.

use std::io::{self, ErrorKind};
use std::iter;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
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
    let (port, turn) = choose_port(options.port)?;
    let port = port.to_string();
    // Zola empties this directory when it stops, so it must not be public/, nor that of another.
    let output = shell
        .create_dir(project::target(shell)?.join("serve"))?
        .join(&port);
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
        .become_it_with(turn)
}

/// The port asked for if it is free, or the first free one; and its turn.
fn choose_port(asked: Option<u16>) -> Result<(u16, Turn)> {
    match asked {
        Some(0) => {
            let any = || Some(listen(0).ok()?.local_addr().ok()?.port());
            let some = iter::from_fn(any).take(PORTS_TO_TRY.into());
            take_first(some).context("no port is free")
        }
        Some(port) => match take(port) {
            Ok(turn) => Ok((port, turn)),
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                bail!(
                    "port {port} is taken, for TCP or UDP: stop what has it, or give another --port"
                )
            }
            Err(error) => Err(error).with_context(|| format!("--port {port} cannot be had")),
        },
        None => {
            let last = FIRST_PORT + PORTS_TO_TRY - 1;
            take_first(FIRST_PORT..=last).with_context(|| {
                format!("ports {FIRST_PORT} to {last} are all taken: give one with --port")
            })
        }
    }
}

fn take_first(mut ports: impl Iterator<Item = u16>) -> Option<(u16, Turn)> {
    ports.find_map(|port| Some((port, take(port).ok()?)))
}

/// What tells others that a port will be listened on: Zola does so only when the pages are built.
///
/// It is the UDP port of this number, which nothing is sent to. The system gives it to one process
/// at a time, whichever checkout and user that belongs to, and takes it back when that has ended.
type Turn = UdpSocket;

/// The turn of a port, if nothing listens there and no other serve is about to.
fn take(port: u16) -> io::Result<Turn> {
    let turn = UdpSocket::bind((Ipv4Addr::LOCALHOST, port))?;
    listen(port)?;
    Ok(turn)
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
        let taken = listen(0).unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = choose_port(Some(port)).unwrap_err();
        let named = error.to_string().contains(&format!("port {port} is taken"));
        assert!(named, "{error}");
    }

    #[test]
    fn a_free_port_is_found_without_asking() {
        let (free, _turn) = choose_port(None).unwrap();
        listen(free).unwrap();
        let (any, _turn) = choose_port(Some(0)).unwrap();
        assert_ne!(any, 0);
        listen(any).unwrap();
    }

    #[test]
    fn two_that_start_together_take_two_ports() {
        let (one, _turn) = choose_port(None).unwrap();
        let (two, _turn) = choose_port(None).unwrap();
        assert_ne!(one, two);
        choose_port(Some(one)).unwrap_err();
    }

    #[test]
    fn a_turn_ends_with_the_one_that_has_it() {
        let (port, turn) = choose_port(Some(0)).unwrap();
        choose_port(Some(port)).unwrap_err();
        drop(turn);
        choose_port(Some(port)).unwrap();
    }
}
