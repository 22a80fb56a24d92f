//! What happens when Tokio's own methods are dropped at each of their waits.
//!
//! The documentation of a test names what it proves, for the book's table of cancel safety.

use super::*;
use futures::future::LocalBoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use std::cell::RefCell;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Barrier, Mutex, Notify, RwLock, Semaphore};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::{JoinSet, yield_now};
use tokio::time::{Instant, interval, sleep};
use tokio_util::sync::CancellationToken;

const SECOND: Duration = Duration::from_secs(1);

/// Runs the scenario, which has to wait somewhere.
#[track_caller]
fn holds(scenario: impl AsyncFn(Cut)) {
    assert!(cancel_at_every_await(scenario) > 0, "it does not wait");
}

/// Asks, and once more if the first call was dropped.
async fn ask<T>(cut: Cut, mut call: impl AsyncFnMut() -> T) -> T {
    match cut.run(call()).await {
        Some(answer) => answer,
        None => call().await,
    }
}

/// A peer that says each piece a second after the one before it.
fn says(pieces: &'static [&'static [u8]]) -> DuplexStream {
    let (mut peer, stream) = duplex(64);
    tokio::spawn(async move {
        for piece in pieces {
            sleep(SECOND).await;
            peer.write_all(piece).await.expect("it is read");
        }
    });
    stream
}

/// `tokio::io::AsyncReadExt::read`
#[test]
fn read_has_taken_nothing() {
    holds(async |cut| {
        let (mut stream, mut bytes) = (says(&[b"hello"]), [0; 5]);
        let length = ask(cut, async || stream.read(&mut bytes).await).await;
        assert_eq!((length.ok(), &bytes), (Some(5), b"hello"));
    });
}

/// `tokio::io::Lines::next_line`
#[test]
fn next_line_keeps_half_a_line() {
    holds(async |cut| {
        let mut lines = BufReader::new(says(&[b"hel", b"lo\n"])).lines();
        let line = ask(cut, async || lines.next_line().await).await;
        assert_eq!(line.ok().flatten().as_deref(), Some("hello"));
    });
}

/// `tokio::io::AsyncWriteExt::write`
#[test]
fn write_has_written_nothing() {
    holds(async |cut| {
        let (mut near, mut far) = duplex(4);
        near.write_all(b"full").await.expect("there is room");
        let reader = tokio::spawn(async move {
            sleep(SECOND).await;
            let mut text = String::new();
            far.read_to_string(&mut text).await.map(|_| text)
        });
        let length = ask(cut, async || near.write(b"more").await).await;
        assert_eq!(length.ok(), Some(4));
        drop(near);
        let text = reader.await.expect("no panic");
        assert_eq!(text.ok().as_deref(), Some("fullmore"));
    });
}

/// `tokio::net::TcpListener::accept`
#[test]
fn accept_has_taken_no_connection() {
    holds(async |cut| {
        tokio::time::resume();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it is bound");
        let client = tokio::spawn(TcpStream::connect(address));
        let accept = ask(cut, async || listener.accept().await);
        let accepted = timeout(10 * SECOND, accept).await.expect("it is lost");
        let (_, peer) = accepted.expect("a connection");
        let client = client.await.expect("no panic").expect("a connection");
        assert_eq!(client.local_addr().ok(), Some(peer));
    });
}

/// `tokio::sync::mpsc::Receiver::recv`
#[test]
fn recv_has_taken_no_message() {
    holds(async |cut| {
        let (sender, mut messages) = mpsc::channel(1);
        tokio::spawn(async move {
            sleep(SECOND).await;
            sender.send(7).await
        });
        let first = ask(cut, async || messages.recv().await).await;
        assert_eq!((first, messages.recv().await), (Some(7), None));
    });
}

/// `tokio::sync::mpsc::UnboundedReceiver::recv`
#[test]
fn recv_without_a_bound_has_taken_no_message() {
    holds(async |cut| {
        let (sender, mut messages) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            sleep(SECOND).await;
            sender.send(7)
        });
        let first = ask(cut, async || messages.recv().await).await;
        assert_eq!((first, messages.recv().await), (Some(7), None));
    });
}

/// `tokio::sync::broadcast::Receiver::recv`
#[test]
fn recv_of_a_broadcast_has_taken_no_message() {
    holds(async |cut| {
        let (sender, mut messages) = broadcast::channel(2);
        tokio::spawn(async move {
            sleep(SECOND).await;
            sender.send(7).and(sender.send(8))
        });
        let first = ask(cut, async || messages.recv().await).await;
        assert_eq!((first, messages.recv().await), (Ok(7), Ok(8)));
    });
}

/// `tokio::sync::watch::Receiver::changed`
#[test]
fn changed_has_seen_no_value() {
    holds(async |cut| {
        let (sender, mut value) = watch::channel(0);
        let change = async {
            sleep(SECOND).await;
            sender.send_replace(7);
        };
        let seen = async || value.changed().await;
        let (seen, ()) = tokio::join!(ask(cut, seen), change);
        assert_eq!((seen.ok(), *value.borrow()), (Some(()), 7));
    });
}

/// `tokio::sync::oneshot::Receiver`
#[test]
fn a_borrowed_oneshot_keeps_its_message() {
    holds(async |cut| {
        let (sender, mut message) = oneshot::channel();
        tokio::spawn(async move {
            sleep(SECOND).await;
            sender.send(7)
        });
        let message = ask(cut, async || (&mut message).await).await;
        assert_eq!(message, Ok(7));
    });
}

/// `tokio::task::JoinHandle`
#[test]
fn a_borrowed_handle_keeps_the_output() {
    holds(async |cut| {
        let mut task = tokio::spawn(async {
            sleep(SECOND).await;
            7
        });
        let output = ask(cut, async || (&mut task).await).await;
        assert_eq!(output.ok(), Some(7));
    });
}

/// `tokio::task::JoinSet::join_next`
#[test]
fn join_next_has_removed_no_task() {
    holds(async |cut| {
        let mut tasks = JoinSet::new();
        tasks.spawn(async {
            sleep(SECOND).await;
            7
        });
        let output = ask(cut, async || tasks.join_next().await).await;
        assert_eq!(output.and_then(Result::ok), Some(7));
        assert!(tasks.is_empty());
    });
}

/// `tokio::time::Interval::tick`
#[test]
fn tick_has_used_up_no_tick() {
    holds(async |cut| {
        let (start, mut clock) = (Instant::now(), interval(SECOND));
        clock.tick().await;
        let first = ask(cut, async || clock.tick().await).await;
        let second = clock.tick().await;
        assert_eq!((first - start, second - start), (SECOND, 2 * SECOND));
    });
}

/// `tokio_util::sync::CancellationToken::cancelled`
#[test]
fn cancelled_can_be_asked_again() {
    holds(async |cut| {
        let token = CancellationToken::new();
        let child = token.child_token();
        tokio::spawn(async move {
            sleep(SECOND).await;
            token.cancel();
        });
        ask(cut, async || child.cancelled().await).await;
        assert!(child.is_cancelled());
    });
}

/// Whatever `ask` gives is taken, and given back after a second. One asks early and may be
/// dropped, and then asks again; another asks in between. Both have their turn, and the one that
/// was dropped when its turn had come is now behind the other.
async fn queue<T>(cut: Cut, taken: impl Sized, ask: impl AsyncFn() -> T) {
    let turns = RefCell::new(Vec::new());
    let start = Instant::now();
    let late = Cell::new(false);
    let early = async {
        let first = cut.run(ask()).await;
        late.set(first.is_none() && start.elapsed() >= SECOND);
        let _turn = match first {
            Some(turn) => turn,
            None => ask().await,
        };
        turns.borrow_mut().push("early");
    };
    let other = async {
        yield_now().await;
        let _turn = ask().await;
        turns.borrow_mut().push("other");
    };
    let give_back = async {
        sleep(SECOND).await;
        drop(taken);
    };
    // Each is polled when it is woken itself; `join!` would poll all three.
    let all: FuturesUnordered<LocalBoxFuture<()>> = [
        early.boxed_local(),
        other.boxed_local(),
        give_back.boxed_local(),
    ]
    .into_iter()
    .collect();
    all.collect::<()>().await;
    let order = ["early", "other"];
    let order = if late.get() {
        [order[1], order[0]]
    } else {
        order
    };
    assert_eq!(*turns.borrow(), order);
}

/// `tokio::sync::Mutex::lock`
#[test]
fn lock_passes_its_turn_on() {
    holds(async |cut| {
        let lock = Mutex::new(());
        queue(cut, lock.lock().await, async || lock.lock().await).await;
    });
}

/// `tokio::sync::RwLock::write`
#[test]
fn write_lock_passes_its_turn_on() {
    holds(async |cut| {
        let lock = RwLock::new(());
        queue(cut, lock.write().await, async || lock.write().await).await;
    });
}

/// `tokio::sync::Semaphore::acquire`
#[test]
fn acquire_passes_its_permit_on() {
    holds(async |cut| {
        let permits = Semaphore::new(1);
        let ask = async || permits.acquire().await;
        queue(cut, ask().await, ask).await;
    });
}

/// `tokio::sync::mpsc::Sender::reserve`
#[test]
fn reserve_passes_its_room_on() {
    holds(async |cut| {
        let (sender, _messages) = mpsc::channel::<()>(1);
        let ask = async || sender.reserve().await;
        queue(cut, ask().await, ask).await;
    });
}

/// `tokio::sync::Notify::notified`
#[test]
fn notified_passes_its_wake_up_on() {
    struct Bell<'a>(&'a Notify);

    impl Drop for Bell<'_> {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }

    holds(async |cut| {
        let notify = Notify::new();
        let ask = async || {
            notify.notified().await;
            Bell(&notify)
        };
        queue(cut, Bell(&notify), ask).await;
    });
}

/// `tokio::sync::mpsc::Sender::send`
#[test]
fn send_has_sent_nothing_and_dropped_the_message() {
    holds(async |cut| {
        let (sender, mut messages) = mpsc::channel(2);
        for message in [1, 2] {
            sender.try_send(message).expect("there is room");
        }
        let reader = tokio::spawn(async move {
            sleep(SECOND).await;
            let mut all = Vec::new();
            while let Some(message) = messages.recv().await {
                all.push(message);
            }
            all
        });
        let is_sent = cut.run(sender.send(3)).await.is_some();
        drop(sender);
        let all: &[i32] = if is_sent { &[1, 2, 3] } else { &[1, 2] };
        assert_eq!(reader.await.expect("no panic"), all);
    });
}

/// `tokio::io::AsyncBufReadExt::read_until`
#[test]
fn read_until_goes_on_in_its_buffer() {
    holds(async |cut| {
        let mut stream = BufReader::new(says(&[b"hel", b"lo\n"]));
        let mut bytes = Vec::new();
        let read = async || stream.read_until(b'\n', &mut bytes).await;
        assert!(ask(cut, read).await.is_ok());
        assert_eq!(bytes, b"hello\n");
    });
}

/// `tokio::io::AsyncReadExt::read_exact`
#[test]
#[should_panic(expected = "asleep at point 2: half of it is gone")]
fn read_exact_has_taken_half() {
    holds(async |cut| {
        let (mut stream, mut bytes) = (says(&[b"hel", b"lo"]), [0; 5]);
        let read = ask(cut, async || stream.read_exact(&mut bytes).await).await;
        assert!(read.is_ok(), "half of it is gone");
    });
}

/// `tokio::io::AsyncReadExt::read_u16`
#[test]
#[should_panic(expected = "asleep at point 2: half of it is gone")]
fn read_u16_has_taken_half() {
    holds(async |cut| {
        let mut stream = says(&[&[0], &[5]]);
        let read = ask(cut, async || stream.read_u16().await).await;
        assert!(read.is_ok(), "half of it is gone");
    });
}

/// `tokio::io::AsyncBufReadExt::read_line`
#[test]
#[should_panic(expected = "asleep at point 2: half of it is gone")]
fn read_line_has_taken_half() {
    holds(async |cut| {
        let mut stream = BufReader::new(says(&[b"hel", b"lo\n"]));
        let mut line = String::new();
        let read = ask(cut, async || stream.read_line(&mut line).await).await;
        assert!(read.is_ok());
        assert!(line == "hello\n", "half of it is gone");
    });
}

/// `tokio::io::AsyncWriteExt::write_all`
#[test]
#[should_panic(expected = "asleep at point 1: half of it came twice")]
fn write_all_has_written_half() {
    holds(async |cut| {
        let (mut near, mut far) = duplex(3);
        let reader = tokio::spawn(async move {
            let mut text = String::new();
            far.read_to_string(&mut text).await.map(|_| text)
        });
        let written = ask(cut, async || near.write_all(b"hello").await).await;
        assert!(written.is_ok());
        drop(near);
        let text = reader.await.expect("no panic").expect("it is text");
        assert!(text == "hello", "half of it came twice");
    });
}

/// `tokio::sync::Barrier::wait`
#[test]
#[should_panic(expected = "asleep at point 1: one came and was counted twice")]
fn wait_at_a_barrier_is_counted_twice() {
    holds(async |cut| {
        let (barrier, start) = (Barrier::new(2), Instant::now());
        ask(cut, async || {
            tokio::select! {
                _ = barrier.wait() => {}
                () = sleep(SECOND) => {}
            }
        })
        .await;
        assert!(start.elapsed() >= SECOND, "one came and was counted twice");
    });
}
