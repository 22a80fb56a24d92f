//! Wrong: it prints for askers that have gone.

use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::mpsc as blocking;
use std::thread;
use tokio::sync::{mpsc, oneshot};

/// A printer for numbered tickets: it blocks until there is paper, and may not leave its thread.
struct Printer {
    paper: blocking::Receiver<()>,
    last: u32,
    not_send: PhantomData<Rc<()>>,
}

impl Printer {
    fn new(paper: blocking::Receiver<()>) -> Printer {
        let not_send = PhantomData;
        let last = 0;
        Printer {
            paper,
            last,
            not_send,
        }
    }

    /// The number of the next ticket, or `None` if there will be no more paper.
    fn print(&mut self) -> Option<u32> {
        self.paper.recv().ok()?;
        self.last += 1;
        Some(self.last)
    }
}

/// Tickets for tasks. Their printer's thread ends with the last of these.
#[derive(Clone)]
struct Tickets(mpsc::Sender<oneshot::Sender<u32>>);

impl Tickets {
    /// Starts the thread of the printer.
    fn start(paper: blocking::Receiver<()>) -> Tickets {
        let (ask, mut asked) = mpsc::channel::<oneshot::Sender<u32>>(8);
        thread::spawn(move || {
            let mut printer = Printer::new(paper);
            while let Some(reply) = asked.blocking_recv() {
                let Some(number) = printer.print() else { break };
                let _ = reply.send(number);
            }
        });
        Tickets(ask)
    }

    /// The next ticket, or `None` when the printer has ended. No ticket is printed for one who
    /// has given up before its turn.
    async fn next(&self) -> Option<u32> {
        let (reply, answer) = oneshot::channel();
        self.0.send(reply).await.ok()?;
        answer.await.ok()
    }
}

fn main() {
    // You can experiment here; the tests decide.
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::task::yield_now;

    // `tokio::test` runs an async function, here on one thread, as a #[test]
    #[tokio::test]
    async fn tickets_are_numbered_in_the_order_of_asking() {
        let (paper, tray) = blocking::channel();
        let tickets = Tickets::start(tray);
        paper.send(()).unwrap();
        paper.send(()).unwrap();
        assert_eq!(tickets.next().await, Some(1));
        assert_eq!(tickets.clone().next().await, Some(2));
    }

    #[tokio::test]
    async fn without_paper_the_runtime_is_not_blocked() {
        let (paper, tray) = blocking::channel();
        let tickets = Tickets::start(tray);
        let waiting = tokio::spawn(async move { tickets.next().await });
        yield_now().await; // this task has turns
        paper.send(()).unwrap();
        assert_eq!(waiting.await.unwrap(), Some(1));
    }

    #[tokio::test]
    async fn no_ticket_is_printed_for_one_who_gave_up() {
        let (paper, tray) = blocking::channel();
        let tickets = Tickets::start(tray);
        let ask = || {
            let tickets = tickets.clone();
            tokio::spawn(async move { tickets.next().await })
        };
        let (first, second) = (ask(), ask());
        for _ in 0..3 {
            yield_now().await; // both have asked
        }
        second.abort();
        assert!(second.await.unwrap_err().is_cancelled());
        for _ in 0..3 {
            paper.send(()).unwrap();
        }
        assert_eq!(first.await.unwrap(), Some(1));
        assert_eq!(tickets.next().await, Some(2), "a ticket was wasted");
    }

    #[tokio::test]
    async fn the_end_of_the_paper_is_the_end() {
        let (paper, tray) = blocking::channel();
        let tickets = Tickets::start(tray);
        drop(paper);
        assert_eq!(tickets.next().await, None);
    }
}
