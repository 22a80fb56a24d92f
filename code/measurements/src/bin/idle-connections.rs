//! How much memory an idle connection takes: the store of chapter 18 with 5,000 clients that have
//! asked once and stay.
//!
//! It opens two descriptors a connection, so it needs `ulimit -n 12000`.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use std::{sync::mpsc, thread};

use allocation_counter::measure;
use anyhow::{Context, Result};
use examples::store::{Limits, serve};
use measurements::Report;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio_util::sync::CancellationToken;
use toml::Value;

const CONNECTIONS: usize = 5_000;

/// The buffer of the example, and the default of `BufReader`.
const SMALL: usize = 1_024;
const DEFAULT: usize = 8 * 1_024;

fn main() -> Result<()> {
    print!("{}", report(CONNECTIONS)?.to_toml()?);
    Ok(())
}

fn report(connections: usize) -> Result<Report> {
    let small = bytes_each(connections, SMALL)?;
    let default = bytes_each(connections, DEFAULT)?;
    Ok(Report {
        name: "idle-connections",
        what: "What the store of chapter 18 asks of the global allocator for each of 5,000 idle connections, at its peak, counted by the crate allocation-counter",
        values: vec![
            ("connections", Value::Integer(connections as i64)),
            ("buffer_bytes", Value::Integer(SMALL as i64)),
            ("bytes_each", Value::Integer(small)),
            ("default_buffer_bytes", Value::Integer(DEFAULT as i64)),
            ("default_bytes_each", Value::Integer(default)),
        ],
    })
}

/// Allocated bytes for each of `connections`: only the server's thread is counted.
fn bytes_each(connections: usize, buffer_bytes: usize) -> Result<i64> {
    let limits = Limits {
        connections,
        line_bytes: 1_024,
        buffer_bytes,
        idle: Duration::from_secs(600),
        line: Duration::from_secs(5),
        write: Duration::from_secs(10),
    };
    let stop = CancellationToken::new();
    let (addresses, address) = mpsc::channel::<SocketAddr>();
    let stopped = stop.clone();
    let server = thread::spawn(move || -> Result<u64> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        addresses.send(listener.local_addr()?)?;
        let counted = measure(|| runtime.block_on(serve(listener, limits, stopped)));
        Ok(counted.bytes_max)
    });
    let address = address.recv()?;
    let clients: Vec<TcpStream> = (0..connections)
        .map(|_| asked_once(address).context("`ulimit -n 12000` lets it open enough"))
        .collect::<Result<_>>()?;
    stop.cancel();
    drop(clients);
    let peak = server.join().expect("no panic")?;
    Ok((peak / connections as u64) as i64)
}

fn asked_once(address: SocketAddr) -> Result<TcpStream> {
    let mut client = TcpStream::connect(address)?;
    client.write_all(b"GET name\n")?;
    let mut answer = [0; 5];
    client.read_exact(&mut answer)?;
    anyhow::ensure!(&answer == b"NONE\n", "the store answers");
    Ok(client)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With a hundredth of them, so that it needs no `ulimit`: queues that double weigh more then.
    #[test]
    fn a_connection_takes_about_the_bytes_that_the_book_prints() -> Result<()> {
        let printed = measurements::committed("idle-connections")?;
        for (name, buffer) in [("bytes_each", SMALL), ("default_bytes_each", DEFAULT)] {
            let printed = printed[name].as_integer().context(name)?;
            let few = bytes_each(CONNECTIONS / 100, buffer)?;
            assert!((few - printed).abs() < printed / 3, "{name}: {few}");
        }
        Ok(())
    }
}
