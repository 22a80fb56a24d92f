//! What is shown: each line once, in its turn, whichever server it was said on.

use std::mem;

use tokio_tungstenite::tungstenite::Utf8Bytes;
use tracing::{Span, debug, debug_span};

use super::{Line, Member, Page, REPLAY, Room, StoreError, Told};

impl Room {
    // ANCHOR: arrived
    /// The frame of a line, if it is the next to show. If one before it is missing, it was said on
    /// another server, and both are read from the history.
    pub(super) fn arrived(&mut self, line: Line) -> Option<Utf8Bytes> {
        match line.seq.checked_sub(self.key.last) {
            None | Some(0) => None, // it has been shown
            Some(1) => Some(self.remember(line)),
            Some(_) => {
                self.look();
                None
            }
        }
    }

    fn remember(&mut self, line: Line) -> Utf8Bytes {
        self.key.last = line.seq;
        let frame = Told::Line(line).frame();
        if self.recent.len() == REPLAY {
            self.recent.pop_front();
        }
        self.recent.push_back(frame.clone());
        frame
    }

    /// Shows to all what has just arrived, within the trace of the first of these lines.
    pub(super) fn fan_out(&mut self, fresh: &[Utf8Bytes], journeys: &[Span]) {
        if fresh.is_empty() {
            return;
        }
        let parent = journeys.first().and_then(Span::id);
        let span = debug_span!(parent: parent, "fan_out", room = %self.name, lines = fresh.len());
        for journey in journeys.iter().skip(1) {
            span.follows_from(journey);
        }
        let _fan_out = span.entered();
        let (mut members, mut slow) = (0, Vec::new());
        let told = |member: &&Member| !self.ahead.contains_key(&member.id);
        for member in self.members.values().filter(told) {
            match member.outbox.push_all(fresh) {
                true => members += 1,
                false => slow.push(member.id),
            }
        }
        self.metrics.delivered(members * fresh.len());
        debug!(members, slow = slow.len(), "shown");
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
                let more = lines.len() == REPLAY;
                self.look_again |= more;
                let arrived = lines.into_iter().filter_map(|line| self.arrived(line));
                let fresh: Vec<Utf8Bytes> = arrived.collect();
                self.fan_out(&fresh, &[]);
                for (id, (heard, reads)) in mem::take(&mut self.ahead) {
                    let reads = reads - u8::from(!more);
                    match heard <= self.key.last || reads == 0 {
                        true => self.let_in(id, heard),
                        false => _ = self.ahead.insert(id, (heard, reads)),
                    }
                }
            }
            Err(error) => tracing::warn!(room = %self.name, %error, "history can't be read"),
        }
        if mem::take(&mut self.look_again) {
            self.look();
        }
    }
    // ANCHOR_END: arrived
}
