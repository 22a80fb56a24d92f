//! The server that all stand before, and what wrk and the kernel say of them.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use testbed::machine;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::proxies::Proxy;

/// Clients at a time.
pub const CLIENTS: usize = 64;

/// Bytes of an answer, and of one to `/large`.
pub const BODIES: (usize, usize) = (1_024, 100 * 1_024);

/// What one measurement found.
#[derive(Clone, Copy)]
pub struct Found {
    pub per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// Processor time of the proxy for one request.
    pub cpu_us: f64,
    /// What is resident of it at the end.
    pub memory_mib: f64,
}

/// A server that answers at once, with the same bytes.
pub async fn server() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer_all(stream));
        }
    });
    Ok(address)
}

fn answer(bytes: usize) -> Vec<u8> {
    let body = "x".repeat(bytes);
    let head = "HTTP/1.1 200 OK\r\ncache-control: max-age=600\r\ncontent-length";
    format!("{head}: {bytes}\r\n\r\n{body}").into_bytes()
}

async fn answer_all(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (small, large) = (answer(BODIES.0), answer(BODIES.1));
    let mut head = Vec::new();
    while stream.read_buf(&mut head).await? > 0 {
        while let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") {
            let is_large = head.starts_with(b"GET /large");
            head.drain(..end + 4);
            let answer = if is_large { &large } else { &small };
            stream.write_all(answer).await?;
        }
    }
    Ok(())
}

/// Asks for so many seconds, as fast as the answers come.
pub async fn wrk(proxy: &Proxy, process: Option<u32>, seconds: u32) -> anyhow::Result<Found> {
    let processes: Vec<u32> = process.map(with_children).unwrap_or_default();
    let cpu = || {
        processes
            .iter()
            .copied()
            .map(machine::cpu)
            .sum::<Duration>()
    };
    let mut wrk = tokio::process::Command::new("wrk");
    wrk.args([
        "-t1",
        "--latency",
        &format!("-c{CLIENTS}"),
        &format!("-d{seconds}s"),
    ]);
    wrk.arg(&proxy.url);
    let before = cpu();
    let output = wrk.output().await.context("wrk isn't installed")?;
    let cpu = cpu() - before;
    let text = String::from_utf8(output.stdout)?;
    let value = |name: &str| {
        let mut lines = text.lines().map(str::trim_start);
        let line = lines.find(|line| line.starts_with(name))?;
        line.split_whitespace().last()
    };
    let all_fine = !text.contains("Non-2xx") && !text.contains("Socket errors");
    anyhow::ensure!(all_fine, "{}: {text}", proxy.name);
    let per_second: f64 = value("Requests/sec:")
        .with_context(|| text.clone())?
        .parse()?;
    let memory: u64 = processes.iter().copied().map(machine::memory).sum();
    Ok(Found {
        per_second,
        p50_ms: milliseconds(value("50%"))?,
        p99_ms: milliseconds(value("99%"))?,
        cpu_us: cpu.as_secs_f64() * 1e6 / (per_second * f64::from(seconds)),
        memory_mib: memory as f64 / f64::from(1 << 20),
    })
}

/// `250.00us`, `1.21ms` or `2.00s`.
fn milliseconds(time: Option<&str>) -> anyhow::Result<f64> {
    let time = time.context("no latency")?;
    let number = time.trim_end_matches(char::is_alphabetic);
    let factor = match &time[number.len()..] {
        "us" => 0.001,
        "ms" => 1.0,
        "s" => 1_000.0,
        unit => anyhow::bail!("a latency in {unit:?}"),
    };
    Ok(number.parse::<f64>()? * factor)
}

fn with_children(process: u32) -> Vec<u32> {
    let mut pgrep = Command::new("pgrep");
    let children = pgrep.args(["-P", &process.to_string()]).output();
    let children = children.map(|output| output.stdout).unwrap_or_default();
    let children = String::from_utf8_lossy(&children);
    let children = children.lines().filter_map(|id| id.parse().ok());
    children.chain([process]).collect()
}
