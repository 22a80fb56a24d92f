//! What the events of a task lead to, found out before its story is told.
//!
//! When a poll ends, Tokio has not said yet whether the task is done; that follows later. When a
//! future is dropped, Tokio reports it like a poll; that it was the last follows later, too.

use std::collections::{BTreeSet, HashMap};

use crate::raw::{Item, What};

/// Why a task's future goes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It is finished, or nobody owns it anymore.
    Finished,
    /// Its task was aborted.
    Aborted,
    /// Its runtime shuts down.
    Shutdown,
}

/// Indexes of events, by what follows from them.
#[derive(Debug, Default)]
pub struct Ahead {
    /// Each `enter` that begins the drop of a task's future, and why it is dropped.
    pub drops: HashMap<usize, End>,
    /// Each `exit` after which the task's future is dropped as finished.
    pub finishes: BTreeSet<usize>,
    /// Each `exit` after which Tokio itself puts the task back in its queue.
    pub yields: BTreeSet<usize>,
}

impl Ahead {
    /// Reads all events once.
    pub fn look(items: &[Item]) -> Self {
        let mut ahead = Ahead::default();
        // For each task, the indexes of its enters and exits so far, in pairs.
        let mut polls: HashMap<u64, Vec<(usize, usize)>> = HashMap::new();
        for (index, item) in items.iter().enumerate() {
            let Item::Event(event) = item else { continue };
            match &event.what {
                What::Enter { task } => polls.entry(*task).or_default().push((index, index)),
                What::Exit { task, .. } => {
                    if let Some(last) = polls.get_mut(task).and_then(|polls| polls.last_mut()) {
                        last.1 = index;
                    }
                }
                What::Wake { task, from, .. } if from == "yield" => {
                    let last = polls.get(task).and_then(|polls| polls.last());
                    ahead.yields.extend(last.map(|(_, exit)| *exit));
                }
                What::Close { task, from } => {
                    ahead.close(&polls.remove(task).unwrap_or_default(), from);
                }
                _ => {}
            }
        }
        ahead
    }

    /// A task is gone: the last of its polls was the drop of its future.
    fn close(&mut self, polls: &[(usize, usize)], from: &str) {
        let end = match from {
            "cancel" => End::Aborted,
            "shutdown" => End::Shutdown,
            _ => End::Finished,
        };
        let [earlier @ .., (enter, _)] = polls else {
            return;
        };
        self.drops.insert(*enter, end);
        if end == End::Finished {
            self.finishes.extend(earlier.last().map(|(_, exit)| *exit));
        }
    }
}
