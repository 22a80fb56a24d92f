//! `cargo xtask bench gateway`: this gateway, nginx, HAProxy and pingora before the same server, asked by
//! wrk in turns. Writes the tables of `benches/README.md`.
//!
//! All of it shares one machine, and what else runs there comes and goes. So each round asks all
//! of them, and what counts is the ratio within a round.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpStream;

use measure::{Found, server, wrk};
use proxies::{Proxy, all};
use table::Tables;

mod measure;
mod proxies;
mod table;

/// How often all are asked, and for how many seconds each time.
const ROUNDS: (usize, u32) = (5, 3);

/// The same with `--quick`.
const QUICK: (usize, u32) = (1, 1);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let (rounds, seconds) = if quick { QUICK } else { ROUNDS };
    let folder = tempfile::tempdir()?;
    let (mut proxies, mut started) = (Vec::new(), Vec::new());
    for proxy in all(server().await?, folder.path())? {
        match start(&proxy).await {
            Ok(process) => {
                wrk(&proxy, None, 1).await?; // warm
                proxies.push(proxy);
                started.push(process);
            }
            Err(error) => eprintln!("{}, left out: {error:#}", proxy.name),
        }
    }
    let (mut found, mut loads) = (vec![Vec::new(); proxies.len()], Vec::new());
    for round in 0..rounds {
        for place in 0..proxies.len() {
            let number = (place + round) % proxies.len();
            let process = started[number].as_ref().map(|running| running.0.id());
            let one: Found = wrk(&proxies[number], process, seconds).await?;
            found[number].push(one);
        }
        loads.push(testbed::machine::load());
    }
    let tables = Tables {
        proxies: &proxies,
        found: &found,
        loads: &loads,
        seconds,
    };
    if quick {
        print!("{tables}");
        return Ok(());
    }
    tables.write()
}

/// Ends a process with it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let id = self.0.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        let _ = self.0.wait();
    }
}

/// Starts it, and waits until it listens. `None`: it runs already.
async fn start(proxy: &Proxy) -> anyhow::Result<Option<Running>> {
    let Some((program, options)) = proxy.command.split_first() else {
        return Ok(None);
    };
    let mut process = Command::new(program);
    process.args(options);
    process.stdout(Stdio::null()).stderr(Stdio::null());
    let mut process = Running(process.spawn().with_context(|| program.clone())?);
    for _ in 0..200 {
        if TcpStream::connect(proxy.address).await.is_ok() {
            return Ok(Some(process));
        }
        if let Some(status) = process.0.try_wait()? {
            anyhow::bail!("it ended: {status}");
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    anyhow::bail!("it doesn't listen")
}
