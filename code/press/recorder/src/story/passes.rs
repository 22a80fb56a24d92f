//! Which futures of the program begin, are ready and are dropped.

use crate::mark;
use crate::run::{Kind, On};
use crate::words::times;

use super::Teller;
use super::futures::Future;
use super::waits::{self, is_timeout};

impl Teller<'_> {
    /// A marked future is about to be polled for the first time.
    pub fn reach(&mut self, mark: u64, place: usize, kind: &str, by: Option<usize>) {
        let mut future = Future::new(place, kind, by);
        if let Some(lane) = by.filter(|_| self.is_own(place, kind)) {
            let say = format!("{} begins {}.", self.who(lane), self.spell(place));
            self.push_at(Kind::Begin, lane, place, say);
            future.begun = Some(self.steps.len() - 1);
        }
        self.futures.add(mark, future);
    }

    /// Whether a future is an `async fn` or `async` block of the program, which begins at its
    /// first poll. Where one is a whole lane, the lane's first poll tells that.
    fn is_own(&self, place: usize, kind: &str) -> bool {
        self.program.owns(kind) && self.place(place).kind != mark::Kind::Whole
    }

    /// A marked future is polled.
    pub fn look(&mut self, mark: u64, within: Option<u64>, by: Option<usize>) {
        self.futures.look(mark, within, by);
        let place = self.futures.get(mark).map(|future| future.place);
        let is_branch = place.is_some_and(|place| self.place(place).kind == mark::Kind::Select);
        if let Some(lane) = by.filter(|_| is_branch) {
            self.settle(lane);
        }
    }

    /// A timer is set, for a time from now.
    pub fn deadline(&mut self, after: u64, mark: Option<u64>) {
        let until = self.time.now.saturating_add(after);
        if let Some(future) = mark.and_then(|mark| self.futures.get_mut(mark)) {
            future.until = Some(until);
        }
    }

    /// A marked future is finished.
    pub fn ready(&mut self, mark: u64) {
        let waits_inside = self.futures.waits_inside(mark);
        let Some(future) = self.futures.remove(mark) else {
            return;
        };
        let Some(lane) = future.lane else { return };
        let place = future.place;
        let resumed = self.resume(lane, &future, waits_inside);
        let spelled = self.spell(place);
        let name = self.who(lane);
        match self.place(place).kind {
            mark::Kind::Join => {
                let say = format!("{spelled} is done, one of those that {name} joins.");
                self.push_at(Kind::Pass, lane, place, say);
            }
            mark::Kind::Select => {
                let say = format!("{spelled} is ready, a branch of `select!`.");
                self.push_at(Kind::Pass, lane, place, say);
                self.actors[lane].offered = Some(self.steps.len() - 1);
            }
            mark::Kind::Whole => self.actors[lane].finished = true,
            mark::Kind::Timed => {}
            mark::Kind::Await => match future.begun {
                Some(step) if step + 1 == self.steps.len() => {
                    self.steps[step].say = format!("{name} begins {spelled}, which ends at once.");
                }
                Some(_) => {
                    self.push_at(Kind::Pass, lane, place, format!("{spelled} is done."));
                }
                None if future.parked || resumed => {}
                None => self.pass(lane, place),
            },
        }
    }

    /// Tells how the poll of a lane goes on that was parked here, if it was.
    fn resume(&mut self, lane: usize, future: &Future, waits_inside: bool) -> bool {
        let name = self.who(lane);
        let spelled = self.spell(future.place);
        let Some(step) = self.actors[lane].resumed else {
            return false;
        };
        let say = if is_timeout(&future.kind) && waits_inside {
            format!("{name} is polled again: the time of {spelled} is up.")
        } else if self.steps[step].at != [future.place] || !future.parked {
            return false;
        } else if waits::on(&future.kind).0 == On::Turn {
            format!("{name} is polled again and goes on after {spelled}.")
        } else {
            format!("{name} is polled again: {spelled} is ready.")
        };
        self.steps[step].say = say;
        self.actors[lane].resumed = None;
        true
    }

    /// A lane is not stopped by a future, which is ready when asked.
    fn pass(&mut self, lane: usize, place: usize) {
        let (name, spelled) = (self.who(lane), self.spell(place));
        let last = self.steps.len().saturating_sub(1);
        if let Some((step, count)) = self.actors[lane].passed
            && step == last
            && self.steps[step].at == [place]
        {
            let count = count + 1;
            let times = times(count);
            self.steps[step].say = format!("{name} passes {spelled} {times} without stopping.");
            self.actors[lane].passed = Some((step, count));
            return;
        }
        let say = format!("{name} passes {spelled} without stopping: it is ready.");
        self.push_at(Kind::Pass, lane, place, say);
        self.actors[lane].passed = Some((self.steps.len() - 1, 1));
    }

    /// A `select!` takes a branch.
    pub fn taken(&mut self, place: usize, by: Option<usize>) {
        let offered = by.and_then(|lane| self.actors[lane].offered.take());
        if let Some(step) = offered {
            let spelled = self.spell(place);
            self.steps[step].say = format!("{spelled} is ready: `select!` takes this branch.");
        }
    }

    /// A `select!` went on although a branch was ready.
    pub fn settle(&mut self, lane: usize) {
        if let Some(step) = self.actors[lane].offered.take() {
            let spelled = self.spell(self.steps[step].at[0]);
            self.steps[step].say = format!(
                "{spelled} is ready with a value that does not match its pattern: \
                 `select!` goes on without this branch."
            );
        }
    }

    /// A marked future is gone. If it was not finished, it is dropped with what is inside.
    pub fn leave(&mut self, mark: u64, by: Option<usize>) {
        let Some(future) = self.futures.remove(mark) else {
            return;
        };
        self.futures.mute_inside(mark);
        let part_of_another = future.muted || self.dropping.is_some() || !self.panics.is_empty();
        let Some(lane) = future.lane.filter(|_| !part_of_another) else {
            return;
        };
        let say = format!("{} is dropped before it is done.", self.spell(future.place));
        self.push_at(Kind::Drop, lane, future.place, say);
        let last = self.steps.len() - 1;
        self.steps[last].by = by.filter(|by| *by != lane);
    }
}
