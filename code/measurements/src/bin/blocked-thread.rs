//! What Linux says of a thread that waits in `read` on a socket with nothing to read.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::{fs, thread};

use anyhow::{Context, Result};
use measurements::Report;

fn main() -> Result<()> {
    print!("{}", report()?.to_toml()?);
    Ok(())
}

fn report() -> Result<Report> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    let (mut server, _) = listener.accept()?;

    let (tell, directory) = mpsc::channel::<PathBuf>();
    let reader = thread::spawn(move || -> Result<()> {
        tell.send(fs::read_link("/proc/thread-self")?)?;
        server.read_exact(&mut [0; 5])?;
        Ok(())
    });
    let directory = Path::new("/proc").join(directory.recv()?);

    // The thread is on its way into the system call; nothing can bring it out again before the client writes.
    while state(&directory)? != "S (sleeping)" {
        thread::yield_now();
    }
    let state = state(&directory)?;
    client.write_all(b"hello")?;
    reader.join().expect("the reader does not panic")?;
    Ok(Report {
        name: "blocked-thread",
        what: "The state in /proc of a thread that called read on a TCP socket with nothing to read",
        values: vec![("state", state.into())],
    })
}

fn state(thread: &Path) -> Result<String> {
    let status = fs::read_to_string(thread.join("status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("State:"));
    Ok(line.context("a thread has a state")?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn a_thread_in_read_is_asleep() -> Result<()> {
        measurements::assert_committed(&report()?)
    }
}
