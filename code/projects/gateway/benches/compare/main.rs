//! `cargo xtask bench gateway`: this gateway, nginx and HAProxy before the same server, asked by
//! wrk in turns. Those that aren't installed are left out (Debian: nginx, haproxy, wrk).
//!
//! All of it shares one machine, and what else runs there comes and goes. So each round asks all
//! of them, and what counts is the ratio within a round.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use proxies::{Proxy, all};

mod proxies;

/// How often all are asked.
const ROUNDS: usize = 5;

/// How long wrk asks, in seconds.
const SECONDS: u32 = 4;

/// Bytes of an answer.
const BODY: usize = 1_024;

/// What wrk found.
#[derive(Clone, Copy)]
struct Found {
    per_second: f64,
    p99_ms: f64,
    cpu_us: f64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let server = server().await?;
    let folder = tempfile::tempdir()?;
    let proxies = all(server, &folder)?;
    let mut rounds: Vec<BTreeMap<&str, Found>> = Vec::new();
    for round in 0..ROUNDS {
        let mut found = BTreeMap::new();
        for place in 0..proxies.len() {
            let proxy = &proxies[(place + round) % proxies.len()];
            match measure(proxy).await {
                Ok(one) => drop(found.insert(proxy.name, one)),
                Err(error) if round == 0 => eprintln!("{}: left out: {error:#}", proxy.name),
                Err(_) => {}
            }
        }
        rounds.push(found);
    }
    table(&proxies, &rounds);
    drop::<TempDir>(folder);
    Ok(())
}

/// A server that answers at once, with the same bytes.
async fn server() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let body = "x".repeat(BODY);
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {BODY}\r\ncache-control: max-age=600\r\n\r\n{body}"
    );
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer_all(stream, answer.clone()));
        }
    });
    Ok(address)
}

async fn answer_all(mut stream: TcpStream, answer: String) -> std::io::Result<()> {
    let mut head = Vec::new();
    while stream.read_buf(&mut head).await? > 0 {
        while let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") {
            head.drain(..end + 4);
            stream.write_all(answer.as_bytes()).await?;
        }
    }
    Ok(())
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

async fn measure(proxy: &Proxy) -> anyhow::Result<Found> {
    let Some(command) = &proxy.command else {
        return wrk(proxy.address, None).await;
    };
    let (program, options) = command.split_first().context("a command")?;
    let mut process = Command::new(program);
    process
        .args(options)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let process = Running(process.spawn().with_context(|| program.clone())?);
    for _ in 0..200 {
        if TcpStream::connect(proxy.address).await.is_ok() {
            return wrk(proxy.address, Some(process.0.id())).await;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    anyhow::bail!("it doesn't listen")
}

async fn wrk(address: SocketAddr, process: Option<u32>) -> anyhow::Result<Found> {
    let ask = |seconds: u32| {
        let mut wrk = tokio::process::Command::new("wrk");
        wrk.args(["-t1", "-c64", "--latency", &format!("-d{seconds}s")]);
        wrk.arg(format!("http://{address}/tea"));
        wrk
    };
    ask(1).output().await.context("wrk")?; // warm
    let before = process.map_or(0.0, cpu_seconds);
    let output = ask(SECONDS).output().await?;
    let cpu = process.map_or(0.0, cpu_seconds) - before;
    let text = String::from_utf8(output.stdout)?;
    let value = |name: &str| {
        let line = text
            .lines()
            .find(|line| line.trim_start().starts_with(name))?;
        line.split_whitespace().last().map(str::to_owned)
    };
    anyhow::ensure!(!text.contains("Non-2xx"), "answers that aren't 200");
    let per_second: f64 = value("Requests/sec:").context(text.clone())?.parse()?;
    let p99 = value("99%").context("no latency")?;
    let unit = p99.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number: f64 = p99[..p99.len() - unit.len()].parse()?;
    let factor = BTreeMap::from([("us", 0.001), ("ms", 1.0), ("s", 1_000.0)]);
    Ok(Found {
        per_second,
        p99_ms: number * factor.get(unit).copied().unwrap_or(f64::NAN),
        cpu_us: cpu * 1e6 / (per_second * f64::from(SECONDS)),
    })
}

/// Of a process and its children, in steps of 10 ms.
fn cpu_seconds(process: u32) -> f64 {
    let children = Command::new("pgrep")
        .args(["-P", &process.to_string()])
        .output();
    let children = children.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let children = children.unwrap_or_default();
    let all = children
        .lines()
        .filter_map(|id| id.parse().ok())
        .chain([process]);
    let ticks = all.filter_map(|id: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        let mut fields = stat.rsplit(')').next()?.split_whitespace().skip(11);
        let mut next = || fields.next()?.parse::<f64>().ok();
        Some(next()? + next()?)
    });
    ticks.sum::<f64>() / 100.0
}

fn table(proxies: &[Proxy], rounds: &[BTreeMap<&str, Found>]) {
    println!("| | requests/s | to nginx, pairwise | p99, ms | CPU, µs a request |");
    println!("| --- | --- | --- | --- | --- |");
    for proxy in proxies {
        let median = |value: &dyn Fn(&BTreeMap<&str, Found>) -> Option<f64>| {
            let mut values: Vec<f64> = rounds.iter().filter_map(value).collect();
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
        };
        let of = |round: &BTreeMap<&str, Found>, value: fn(&Found) -> f64| {
            round.get(proxy.name).map(value)
        };
        let per_second = median(&|round| of(round, |found| found.per_second));
        let p99 = median(&|round| of(round, |found| found.p99_ms));
        let cpu = median(&|round| of(round, |found| found.cpu_us));
        let ratio = median(&|round| {
            let pair = round.get(proxy.beside)?;
            Some(of(round, |found| found.per_second)? / pair.per_second)
        });
        let name = proxy.name;
        println!("| {name} | {per_second:.0} | {ratio:.2} | {p99:.1} | {cpu:.0} |");
    }
}

/// A port that was free a moment ago.
fn free() -> anyhow::Result<SocketAddr> {
    Ok(StdListener::bind("127.0.0.1:0")?.local_addr()?)
}
