//! What is shown: each line once, in its turn, whichever server it was said on.

use std::mem;

use super::{Line, Page, REPLAY, Room, StoreError, Told};

impl Room {
    // ANCHOR: arrived
    /// Shows a line if it is the next. If one before it is missing, it was said on another
    /// server, and both are read from the history.
    pub(super) fn arrived(&mut self, line: Line) {
        match line.seq.checked_sub(self.key.last) {
            None | Some(0) => {} // it has been shown
            Some(1) => self.show(line),
            Some(_) => self.look(),
        }
    }

    fn show(&mut self, line: Line) {
        self.key.last = line.seq;
        let frame = Told::Line(line).frame();
        if self.recent.len() == REPLAY {
            self.recent.pop_front();
        }
        self.recent.push_back(frame.clone());
        let mut slow = Vec::new();
        for member in self.members.values() {
            if !member.outbox.push(frame.clone()) {
                slow.push(member.id);
            }
        }
        self.metrics.delivered(self.members.len() - slow.len());
        for id in slow {
            self.leave(id, false);
        }
    }

    /// Reads what the history has beyond the last line that was shown.
    pub(super) fn look(&mut self) {
        if self.missing.is_some() {
            self.look_again = true;
            return;
        }
        let (store, key, name) = (self.store.clone(), self.key, self.name.clone());
        self.missing = Some(Box::pin(async move {
            store.page(key, name, Page::After(key.last), REPLAY).await
        }));
    }

    pub(super) fn found(&mut self, read: Result<Vec<Line>, StoreError>) {
        match read {
            Ok(lines) => {
                self.look_again |= lines.len() == REPLAY;
                lines.into_iter().for_each(|line| self.arrived(line));
            }
            Err(error) => tracing::warn!(room = %self.name, %error, "history can't be read"),
        }
        if mem::take(&mut self.look_again) {
            self.look();
        }
    }
    // ANCHOR_END: arrived
}
