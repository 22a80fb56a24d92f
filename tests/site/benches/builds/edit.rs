//! How soon an edit is visible under `cargo xtask serve`.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::ways::Way;

/// The first compilation of xtask in the copy is long over; what is left is Zola's start.
const PATIENCE: Duration = Duration::from_secs(60);
const CHAPTER: &str = "content/part1-foundations/ch01-why-async-exists.md";

/// The server and everything that it started; they end with this value.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // A group of its own: cargo, xtask, node and Zola.
        let _ = Command::new("kill")
            .args(["--", &format!("-{}", self.0.id())])
            .status();
        let _ = self.0.wait();
    }
}

/// Edits a chapter so often, and answers the seconds until each edit is served.
pub fn seen(ours: &Way, times: usize) -> Result<Vec<f64>> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port();
    let server = Command::new("cargo")
        .args(["xtask", "serve", "--port", &port.to_string()])
        .current_dir(&ours.folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()?;
    let _server = Server(server);
    wait_for(port, "the book is not served", |page| page.contains("<h1>"))?;
    let file = ours.folder.join(CHAPTER);
    let chapter = fs::read_to_string(&file)?;
    let mut seconds = Vec::new();
    for number in 0..times {
        let edit = format!("Edit {number} of {}.", std::process::id());
        let start = Instant::now();
        fs::write(&file, format!("{chapter}\n{edit}\n"))?;
        wait_for(port, "the edit is not served", |page| page.contains(&edit))?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    fs::write(&file, chapter)?;
    Ok(seconds)
}

fn wait_for(port: u16, problem: &str, is_there: impl Fn(&str) -> bool) -> Result<()> {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        // Nobody listens at first, and no page is there while it is rendered.
        if page(port).is_ok_and(|page| is_there(&page)) {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(10));
    }
    bail!("{problem} after {PATIENCE:?}")
}

fn page(port: u16) -> Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    let request = "GET /why-async-exists/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes())?;
    let mut page = String::new();
    stream.read_to_string(&mut page).context("no page")?;
    Ok(page)
}
