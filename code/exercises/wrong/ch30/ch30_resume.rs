//! Wrong: it promises what was asked for, and begins with what it has, so a gap looks like a replay.

use std::collections::VecDeque;
use tokio::sync::mpsc;

/// So many lines a room remembers.
const KEPT: usize = 20;

/// A room whose lines are their own numbers.
#[derive(Default)]
struct Room {
    last: u32,
    /// The newest lines, the last of them at the back.
    kept: VecDeque<u32>,
    tabs: Vec<mpsc::Sender<u32>>,
}

impl Room {
    fn say(&mut self, line: u32) {
        self.last = line;
        self.kept.push_back(line);
        if self.kept.len() > KEPT {
            self.kept.pop_front();
        }
        self.tabs.retain(|tab| tab.try_send(line).is_ok());
    }

    /// A tab that has heard up to `after`. Returns the number after which it goes on, which is
    /// another one if it asks for more, or for less, than there is; and its queue.
    fn resume(&mut self, after: u32) -> (u32, mpsc::Receiver<u32>) {
        let (tab, queue) = mpsc::channel::<u32>(KEPT * 2);
        for line in self.kept.iter().filter(|line| **line > after) {
            tab.try_send(*line).expect("a new queue has room");
        }
        self.tabs.push(tab);
        (after, queue)
    }
}

fn main() {}
