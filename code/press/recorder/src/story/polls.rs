//! When lanes run, stop, end and are dropped.

use anyhow::Result;

use crate::run::{Kind, LaneKind, On};
use crate::words::{list, shorten, time};

use super::{End, Status, Teller, waits};

/// Farther ahead than this, a timer means "never".
const AGES: u64 = 365 * 24 * 3600 * 1000;

/// The most places that a sentence names one by one.
const MOST_PLACES: usize = 3;

impl Teller<'_> {
    /// A task is polled, or its future is dropped.
    pub fn enter(&mut self, index: usize, task: u64, thread: u64) -> Result<()> {
        let Some(lane) = self.lane(task)? else {
            return Ok(());
        };
        if let Some(end) = self.ahead.drops.get(&index).copied() {
            self.dropping = Some(task);
            self.dropped(lane, end);
            return Ok(());
        }
        if self.actors[lane].lane.kind != LaneKind::Blocking {
            self.threads.insert(thread);
        }
        self.run(lane);
        Ok(())
    }

    fn run(&mut self, lane: usize) {
        let at = self.futures.parked_at(lane);
        let actor = &mut self.actors[lane];
        actor.status = Status::Running { woken: false };
        let first = !std::mem::replace(&mut actor.ran, true);
        let (body, spawned, kind) = (actor.body, actor.lane.line, actor.lane.kind);
        let name = self.who(lane);
        let (line, say) = match at.as_slice() {
            _ if first && kind == LaneKind::Blocking => (
                spawned,
                format!("A thread of the blocking pool runs {name}."),
            ),
            _ if first => (
                body,
                format!("{name} is polled for the first time and runs from its start."),
            ),
            [] => (body, format!("{name} is polled again.")),
            [place, ..] => {
                let line = self.place(*place).line;
                let places = self.all_places(lane, &at);
                (
                    line,
                    format!("{name} is polled again; it waited for {places}."),
                )
            }
        };
        let step = self.push(Kind::Run, Some(lane), say);
        step.at = at;
        step.line = Some(line);
        self.actors[lane].resumed = (!first).then(|| self.steps.len() - 1);
    }

    /// A poll ends, or the drop of a future does.
    pub fn exit(
        &mut self,
        index: usize,
        task: u64,
        thread: u64,
        (wakers, panics): (u64, bool),
    ) -> Result<()> {
        let Some(lane) = self.lane(task)? else {
            return Ok(());
        };
        if self.dropping == Some(task) {
            self.dropping = None;
            return Ok(());
        }
        self.settle(lane);
        let status = self.actors[lane].status;
        if panics {
            self.panicked(lane, thread);
        } else if self.ahead.finishes.contains(&index) || self.actors[lane].finished {
            self.actors[lane].status = Status::Over;
            self.push(
                Kind::Done,
                Some(lane),
                format!("{} is done.", self.who(lane)),
            );
        } else {
            let woken = status == (Status::Running { woken: true });
            self.actors[lane].status = if woken { Status::Ready } else { Status::Parked };
            let spent = self.ahead.yields.contains(&index)
                && self.futures.leaves(lane).any(|future| future.spent);
            self.still_waits(lane);
            self.stop(lane, spent, wakers == 0);
        }
        self.actors[lane].resumed = None;
        Ok(())
    }

    fn panicked(&mut self, lane: usize, thread: u64) {
        self.actors[lane].status = Status::Over;
        let (line, message) = self.panics.remove(&thread).unwrap_or_default();
        let spot = line.map(|line| format!(" at {}", self.program.spot(line)));
        let spot = spot.unwrap_or_default();
        let message = match message.as_str() {
            "" => String::new(),
            message => format!(": {}", shorten(&message.replace(['`', '*'], "'"), 80)),
        };
        let say = format!("{} panics{spot}{message}.", self.who(lane));
        self.push(Kind::Panic, Some(lane), say).line = line;
    }

    /// The poll that ends found what it was resumed for not ready.
    fn still_waits(&mut self, lane: usize) {
        let Some(step) = self.actors[lane].resumed else {
            return;
        };
        if let [place] = self.steps[step].at[..]
            && self.futures.leaves(lane).count() == 1
        {
            let spelled = self.spell(place);
            self.steps[step].say = format!(
                "{} is polled again, but {spelled} is not ready yet.",
                self.who(lane)
            );
        }
    }

    fn stop(&mut self, lane: usize, spent: bool, no_waker: bool) {
        let at = self.futures.parked_at(lane);
        let mut say = self.why_it_stops(lane, &at, spent);
        let status = self.actors[lane].status;
        let on: Vec<On> = at
            .iter()
            .map(|place| self.waits_on(lane, *place).0)
            .collect();
        if status == Status::Ready && !spent {
            say.push_str(" It has been woken already.");
        }
        let lost = no_waker && status == Status::Parked;
        if lost {
            let name = self.who(lane);
            say.push_str(&format!(
                " Nobody holds a waker of {name}: nothing can wake it."
            ));
        }
        let line = at.first().map(|place| self.place(*place).line);
        let kind = if spent { Kind::Budget } else { Kind::Stop };
        let step = self.push(kind, Some(lane), say);
        step.at = at;
        step.on = on;
        step.line = line;
        step.lost = lost;
    }

    fn why_it_stops(&self, lane: usize, at: &[usize], spent: bool) -> String {
        let name = self.who(lane);
        let several = self.futures.leaves(lane).count() > 1;
        let mut say = match at {
            [] => format!("{name} stops inside a future that has no mark."),
            [place] if spent && !several => format!(
                "{name} has spent its budget: Tokio makes it stop at {}.",
                self.spell(*place)
            ),
            [place] if !several => {
                let spelled = self.spell(*place);
                let until = self.until(lane);
                match (self.waits_on(lane, *place), until) {
                    ((On::Turn, _), _) => format!("{name} gives way at {spelled}."),
                    (_, Some(until)) => {
                        let until = time(until);
                        format!("{name} stops at {spelled}, which is not ready until {until}.")
                    }
                    ((_, ""), _) => format!("{name} stops at {spelled}."),
                    ((_, why), _) => format!("{name} stops at {spelled}: {why}."),
                }
            }
            _ => format!("{name} stops and waits for {}.", self.all_places(lane, at)),
        };
        let limit = self
            .futures
            .limit(lane)
            .filter(|limit| self.is_told(*limit));
        if let Some(limit) = limit.filter(|_| !spent) {
            say.push_str(&format!(" It waits until {} at most.", time(limit)));
        }
        say
    }

    /// A task's future is dropped.
    fn dropped(&mut self, lane: usize, end: End) {
        if self.actors[lane].status == Status::Over {
            return;
        }
        let at = self.futures.parked_at(lane);
        let ran = self.actors[lane].ran;
        self.actors[lane].status = Status::Over;
        let name = self.who(lane);
        let why = match end {
            End::Aborted => format!("{name} was aborted: its future is dropped"),
            End::Shutdown => format!("The runtime shuts down and drops {name}"),
            End::Finished => format!("{name} is dropped"),
        };
        let place = match at.as_slice() {
            _ if !ran => " before its first poll".to_owned(),
            [] => String::new(),
            _ => format!(", parked at {}", self.all_places(lane, &at)),
        };
        let line = at.first().map(|place| self.place(*place).line);
        let step = self.push(Kind::Cancel, Some(lane), format!("{why}{place}."));
        step.at = at;
        step.line = line;
    }

    /// The places where a lane is parked, or how many they are.
    pub fn all_places(&self, lane: usize, at: &[usize]) -> String {
        let futures = self.futures.leaves(lane).count();
        match at {
            [place] if futures > 1 => format!("{futures} futures at {}", self.spell(*place)),
            places if places.len() <= MOST_PLACES => {
                let spelled: Vec<String> = places.iter().map(|place| self.spell(*place)).collect();
                list(&spelled)
            }
            places => format!("{futures} futures at {} places", places.len()),
        }
    }

    /// What a lane waits for at a place, and why.
    pub fn waits_on(&self, lane: usize, place: usize) -> (On, &'static str) {
        let leaf = self
            .futures
            .leaves(lane)
            .find(|future| future.place == place);
        let (on, why) = leaf.map_or((On::Other, "it is not ready"), |leaf| waits::on(&leaf.kind));
        let text = self.place(place).text.trim_start_matches("&mut ");
        let of_pool = self
            .actors
            .iter()
            .any(|actor| actor.lane.kind == LaneKind::Blocking && actor.lane.name == text);
        if on == On::Task && (of_pool || text.contains("spawn_blocking(")) {
            return (On::Blocking, "the thread of the pool is still at work");
        }
        (on, why)
    }

    /// When the one timer goes off that a lane waits for.
    fn until(&self, lane: usize) -> Option<u64> {
        let leaf = self.futures.leaves(lane).next()?;
        let is_timer = waits::on(&leaf.kind).0 == On::Sleep && !waits::is_timeout(&leaf.kind);
        leaf.until.filter(|until| is_timer && self.is_told(*until))
    }

    /// Whether a time can be told: the clock is virtual, and the time is not "never".
    fn is_told(&self, time: u64) -> bool {
        self.time.still && time < AGES
    }
}
