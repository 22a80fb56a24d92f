//! What a future waits for, told from its type.

use crate::run::On;

/// The future of `tokio::time::timeout`, which waits for another future and for a time.
const TIMEOUT: &str = "tokio::time::timeout::Timeout<";

/// How a type's name begins, what it has further on, what such a future waits for, and what is the
/// case as long as it is not ready. The first that fits counts.
const KNOWN: [(&str, &str, On, &str); 29] = [
    ("tokio::task::yield_now::", "", On::Turn, ""),
    ("tokio::task::coop::", "", On::Turn, ""),
    (TIMEOUT, "", On::Sleep, ""),
    ("tokio::time::", "", On::Sleep, "its time has not come"),
    (
        "tokio::sync::mpsc::",
        ">::recv",
        On::Channel,
        "the channel is empty",
    ),
    (
        "tokio::sync::mpsc::",
        ">::send",
        On::Channel,
        "the channel is full",
    ),
    (
        "tokio::sync::mpsc::",
        ">::reserve",
        On::Channel,
        "the channel is full",
    ),
    (
        "tokio::sync::mpsc::",
        ">::closed",
        On::Channel,
        "the receiver still exists",
    ),
    (
        "tokio::sync::mpsc::",
        "",
        On::Channel,
        "the channel is not ready",
    ),
    (
        "tokio::sync::oneshot::Receiver<",
        "",
        On::Channel,
        "nothing has been sent",
    ),
    (
        "tokio::sync::oneshot::",
        ">::closed",
        On::Channel,
        "the receiver still exists",
    ),
    (
        "tokio::sync::broadcast::",
        "",
        On::Channel,
        "nothing new has been sent",
    ),
    (
        "tokio::sync::watch::",
        ">::closed",
        On::Channel,
        "a receiver still exists",
    ),
    (
        "tokio::sync::watch::",
        ">::wait_for",
        On::Channel,
        "the value is another one",
    ),
    (
        "tokio::sync::watch::",
        "",
        On::Channel,
        "the value has not changed",
    ),
    ("tokio::sync::mutex::", "", On::Lock, "the lock is taken"),
    ("tokio::sync::rwlock::", "", On::Lock, "the lock is taken"),
    (
        "tokio::sync::semaphore::",
        "",
        On::Semaphore,
        "no permit is free",
    ),
    (
        "tokio::sync::notify::",
        "",
        On::Notify,
        "nobody has notified it",
    ),
    (
        "tokio::sync::barrier::",
        "",
        On::Barrier,
        "not everybody has arrived",
    ),
    (
        "tokio::runtime::task::join::JoinHandle<",
        "",
        On::Task,
        "that task has not ended",
    ),
    (
        "tokio::task::join_set::",
        "join_all",
        On::Task,
        "not every task of the set has ended",
    ),
    (
        "tokio::task::join_set::",
        "",
        On::Task,
        "no task of the set has ended",
    ),
    (
        "tokio::process::",
        "",
        On::Process,
        "the process still runs",
    ),
    ("tokio::signal::", "", On::Signal, "no signal has come"),
    (
        "tokio::fs::",
        "",
        On::Blocking,
        "a thread of the blocking pool is at work on it",
    ),
    (
        "tokio::net::",
        ">::accept",
        On::Socket,
        "nobody has connected",
    ),
    ("tokio::net::", "", On::Socket, "the socket is not ready"),
    ("tokio::io::", "", On::Io, "it is not ready"),
];

/// What a future of this type waits for, and why it does.
pub fn on(future: &str) -> (On, &'static str) {
    let future = inner(future);
    let known = KNOWN
        .iter()
        .find(|(start, part, ..)| future.starts_with(start) && future.contains(part));
    let (on, why) = known.map_or((On::Other, "it is not ready"), |(.., on, why)| (*on, *why));
    let reads_socket = on == On::Io && future.contains("tokio::net::");
    if reads_socket {
        return (On::Socket, "the socket is not ready");
    }
    (on, why)
}

/// Whether a future is that of `timeout`.
pub fn is_timeout(future: &str) -> bool {
    inner(future).starts_with(TIMEOUT)
}

/// The type behind references and boxes.
fn inner(mut future: &str) -> &str {
    const AROUND: [&str; 3] = ["&mut ", "core::pin::Pin<", "alloc::boxed::Box<"];
    while let Some(inside) = AROUND.iter().find_map(|around| future.strip_prefix(around)) {
        future = inside;
    }
    future
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_empty_for_who_receives_and_full_for_who_sends() {
        let recv = "tokio::sync::mpsc::bounded::Receiver<i32>::recv::{{closure}}";
        let send = "tokio::sync::mpsc::bounded::Sender<i32>::send::{{closure}}";
        assert_eq!(on(recv), (On::Channel, "the channel is empty"));
        assert_eq!(on(send), (On::Channel, "the channel is full"));
    }

    #[test]
    fn references_and_boxes_are_looked_through() {
        let handle = "&mut tokio::runtime::task::join::JoinHandle<()>";
        assert_eq!(on(handle).0, On::Task);
        let sleep = "core::pin::Pin<alloc::boxed::Box<tokio::time::sleep::Sleep>>";
        assert_eq!(on(sleep).0, On::Sleep);
    }

    #[test]
    fn reading_from_a_socket_waits_for_the_socket() {
        let read = "tokio::io::util::read_exact::ReadExact<tokio::net::tcp::stream::TcpStream>";
        assert_eq!(on(read).0, On::Socket);
        let pipe = "tokio::io::util::read_exact::ReadExact<tokio::io::util::mem::DuplexStream>";
        assert_eq!(on(pipe).0, On::Io);
    }

    #[test]
    fn a_future_of_the_programs_own_is_another() {
        assert_eq!(
            on("ring::main::{{closure}}"),
            (On::Other, "it is not ready")
        );
    }
}
