//! How much memory a channel takes: when it is made, and for each message that waits in it.

use allocation_counter::measure;
use anyhow::Result;
use measurements::Report;
use tokio::sync::{broadcast, mpsc};
use toml::Value;

/// A message of 64 bytes.
type Message = [u64; 8];

const MESSAGES: i64 = 100_000;

fn main() -> Result<()> {
    print!("{}", report()?.to_toml()?);
    Ok(())
}

fn report() -> Result<Report> {
    let small = measure(|| drop(mpsc::channel::<Message>(1)));
    let large = measure(|| drop(mpsc::channel::<Message>(1_000_000)));
    let broadcast = measure(|| drop(broadcast::channel::<Message>(1024)));

    let (sender, _receiver) = mpsc::unbounded_channel::<Message>();
    let waiting = measure(|| {
        for _ in 0..MESSAGES {
            sender.send([0; 8]).expect("the receiver is there");
        }
    });
    let bytes = waiting.bytes_current;
    Ok(Report {
        name: "queue-memory",
        what: "What channels for messages of 64 bytes ask of the global allocator, counted by the crate allocation-counter: an mpsc channel of bound 1, one of bound 1,000,000, a broadcast channel of bound 1,024, and, divided by their number, 100,000 messages that wait in an unbounded one",
        values: vec![
            ("empty_mpsc_bytes", integer(small.bytes_total as i64)),
            ("empty_large_mpsc_bytes", integer(large.bytes_total as i64)),
            (
                "empty_broadcast_kib",
                integer(broadcast.bytes_total as i64 / 1024),
            ),
            (
                "bytes_a_message",
                integer((bytes + MESSAGES / 2) / MESSAGES),
            ),
        ],
    })
}

fn integer(number: i64) -> Value {
    Value::Integer(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sizes are multiples of the processor's cache line, so other machines may differ.
    #[test]
    #[cfg(target_arch = "x86_64")]
    fn a_channel_takes_the_bytes_that_the_book_prints() -> Result<()> {
        measurements::assert_committed(&report()?)
    }
}
