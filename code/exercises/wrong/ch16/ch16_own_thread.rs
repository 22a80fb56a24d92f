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
