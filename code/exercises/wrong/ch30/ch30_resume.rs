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

#[cfg(test)]
mod tests {
    use super::*;

    fn room(lines: u32) -> Room {
        let mut room = Room::default();
        (1..=lines).for_each(|line| room.say(line));
        room
    }

    fn heard(tab: &mut mpsc::Receiver<u32>) -> Vec<u32> {
        std::iter::from_fn(|| tab.try_recv().ok()).collect()
    }

    #[test]
    fn who_comes_back_hears_what_was_missed_and_what_follows() {
        let mut room = room(5);
        let (from, mut tab) = room.resume(2);
        room.say(6);
        assert_eq!(from, 2);
        assert_eq!(heard(&mut tab), [3, 4, 5, 6]);
    }

    #[test]
    fn who_has_missed_nothing_hears_what_follows() {
        let mut room = room(5);
        let (from, mut tab) = room.resume(5);
        room.say(6);
        assert_eq!(from, 5);
        assert_eq!(heard(&mut tab), [6]);
    }

    #[test]
    fn a_gap_is_told() {
        let mut room = room(KEPT as u32 + 10);
        let (from, mut tab) = room.resume(3);
        assert_eq!(from, 10); // lines 4 to 10 are gone
        assert_eq!(heard(&mut tab)[0], 11);
    }

    #[test]
    fn a_number_from_the_future_is_no_reason_to_panic() {
        let mut room = room(5);
        let (from, mut tab) = room.resume(1_000);
        room.say(6);
        assert_eq!(from, 5);
        assert_eq!(heard(&mut tab), [6]);
    }
}
