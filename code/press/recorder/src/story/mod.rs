//! Turns the events of a run into lanes, steps and sentences.
//!
//! - `ahead` finds out what later events say of earlier ones;
//! - `lanes` names who takes part, `polls` tells when they run and stop, `wakes` who wakes them;
//! - `futures` keeps the marked futures, `passes` tells which begin, are ready or are dropped;
//! - `waits` knows what Tokio's futures wait for, `words` how to say it.

use std::collections::{BTreeSet, HashMap};

use anyhow::{Context, Result};

use crate::mark::{self, Program};
use crate::raw::{Event, Head, Item, What};
use crate::run::{Clock, Kind, Lane, LaneKind, Place, Run, Step};

use ahead::{Ahead, End};
use futures::Futures;
use words::{spell, time};

mod ahead;
mod futures;
mod lanes;
mod passes;
mod polls;
mod waits;
mod wakes;
pub mod words;

#[cfg(test)]
mod tests;

/// Tells the story of one run of a marked program, which is one of `many` if threads race in it.
pub fn tell(program: &Program, items: &[Item], many: bool) -> Result<Story> {
    let mut teller = Teller::new(program, items, many);
    for (index, item) in items.iter().enumerate() {
        match item {
            Item::Event(event) => teller.event(index, event)?,
            Item::Console(text) => teller.console(text),
        }
    }
    teller.name_lanes();
    let places = teller.used_places();
    Ok(Story {
        clock: if teller.time.still {
            Clock::Virtual
        } else {
            Clock::Real
        },
        places,
        lanes: teller.actors.into_iter().map(|actor| actor.lane).collect(),
        steps: teller.steps,
    })
}

/// What a run tells: all of it but where its program is from and what its picture looks like.
#[derive(Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "told in `run::Run`")]
pub struct Story {
    pub clock: Clock,
    pub lanes: Vec<Lane>,
    pub places: Vec<Place>,
    pub steps: Vec<Step>,
}

impl Story {
    /// The run of a block that is recorded under `name` with this version of Tokio.
    pub fn into_run(self, name: &str, source: &str, tokio: &str, many: bool) -> Run {
        Run {
            name: name.to_owned(),
            tokio: tokio.to_owned(),
            clock: self.clock,
            many,
            source: source.to_owned(),
            picture: (0, 0),
            lanes: self.lanes,
            places: self.places,
            steps: self.steps,
        }
    }
}

/// How far a lane is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Ready,
    Running { woken: bool },
    Parked,
    Over,
}

/// A lane, and what is known of it at this moment of the story.
struct Actor {
    lane: Lane,
    status: Status,
    /// The line where its future begins.
    body: usize,
    /// Tokio's own id of the task.
    id: String,
    /// It has been polled.
    ran: bool,
    /// The step of the poll under way, until it is known how the poll goes on.
    resumed: Option<usize>,
    /// The step of a `select!` branch that is ready, until it is known whether it is taken.
    offered: Option<usize>,
    /// The step that tells how often the lane passed a place in a row, and how often it did.
    passed: Option<(usize, usize)>,
}

/// The clock as the run shows it.
struct Time {
    /// It stands still unless the runtime moves it.
    still: bool,
    /// Nanoseconds of the first event under a clock that stands still.
    start: u64,
    /// Milliseconds since then.
    now: u64,
}

struct Teller<'a> {
    program: &'a Program,
    /// Threads race: what they do at the same time is told in the order of the events.
    many: bool,
    ahead: Ahead,
    time: Time,
    actors: Vec<Actor>,
    /// The lane of each task; none for the runtime's own.
    of_task: HashMap<u64, Option<usize>>,
    futures: Futures,
    /// Which threads poll which lanes at the moment.
    polling: Vec<(u64, usize)>,
    /// The task whose future is being dropped.
    dropping: Option<u64>,
    /// The lane that ended last on a thread.
    ended: HashMap<u64, usize>,
    /// The lane that is about to print, and its line.
    printing: Option<(Option<usize>, usize)>,
    /// The line and message of the panic that is under way.
    panic: Option<(usize, String)>,
    steps: Vec<Step>,
}

impl<'a> Teller<'a> {
    fn new(program: &'a Program, items: &[Item], many: bool) -> Self {
        let inside = || {
            items.iter().filter_map(|item| match item {
                Item::Event(Event { head, .. }) => Some((head.now?, head.still)),
                Item::Console(_) => None,
            })
        };
        let still = inside().filter(|(_, still)| *still).count();
        let start = inside().find(|(_, still)| *still).map_or(0, |(now, _)| now);
        Teller {
            program,
            many,
            ahead: Ahead::look(items),
            time: Time {
                // A program that pauses its clock itself begins with a few events before it does.
                still: still > 0 && 2 * still > inside().count(),
                start,
                now: 0,
            },
            actors: Vec::new(),
            of_task: HashMap::new(),
            futures: Futures::default(),
            polling: Vec::new(),
            dropping: None,
            ended: HashMap::new(),
            printing: None,
            panic: None,
            steps: Vec::new(),
        }
    }

    fn event(&mut self, index: usize, event: &Event) -> Result<()> {
        let head = &event.head;
        let by = head.by.and_then(|task| self.of_task.get(&task).copied()?);
        self.clock(head, by);
        match &event.what {
            What::Spawn { .. } => self.spawn(&event.what, by),
            What::Enter { task } => self.enter(index, *task, head.thread)?,
            What::Exit {
                task,
                wakers,
                panics,
            } => {
                self.exit(index, *task, head.thread, (*wakers, *panics))?;
            }
            What::Close { task, .. } => {
                if let Some(lane) = self.lane(*task)? {
                    self.actors[lane].status = Status::Over;
                    self.ended.insert(head.thread, lane);
                }
            }
            What::Reach {
                mark,
                place,
                future,
            } => self.reach(*mark, *place, future, by),
            What::Look { mark, within } => self.look(*mark, *within, by),
            What::Deadline { after, mark } => self.deadline(*after, *mark),
            What::Pending { mark, spent } => {
                if let Some(future) = self.futures.get_mut(*mark) {
                    future.parked = true;
                    future.spent = *spent;
                }
            }
            What::Ready { mark } => self.ready(*mark),
            What::Leave { mark } => self.leave(*mark, by),
            What::Taken { place } => self.taken(*place, by),
            What::Wake { task, from, line } => {
                if let Some(lane) = self.lane(*task)? {
                    self.wake(lane, from, *line, by, head.thread);
                }
            }
            What::Abort { id, line } => self.abort(id, *line, by),
            What::Print { line } => self.printing = Some((by, *line)),
            What::Block { line, ms } => self.block(*line, *ms, by),
            What::Panic { line, message } => self.panic = Some((*line, message.clone())),
        }
        Ok(())
    }

    /// Tells that the virtual clock has moved.
    fn clock(&mut self, head: &Head, by: Option<usize>) {
        let Some(now) = head.now.filter(|_| head.still && self.time.still) else {
            return;
        };
        let now = now.saturating_sub(self.time.start) / 1_000_000;
        if now <= self.time.now {
            return;
        }
        self.time.now = now;
        let say = match by {
            None => format!("No task can run, so the clock jumps to {}.", time(now)),
            Some(lane) => {
                let name = self.who(lane);
                format!("While {name} runs, the clock moves to {}.", time(now))
            }
        };
        self.push(Kind::Clock, None, say).ms = Some(now);
    }

    /// A lane puts its thread to sleep.
    fn block(&mut self, line: usize, ms: u64, by: Option<usize>) {
        let Some(lane) = by else { return };
        let name = self.who(lane);
        let time = time(ms);
        let say = match self.actors[lane].lane.kind {
            LaneKind::Blocking => {
                format!("{name} puts its thread of the pool to sleep for {time}.")
            }
            _ => format!(
                "{name} puts the thread to sleep for {time}: until then nothing else can run on it."
            ),
        };
        let step = self.push(Kind::Block, Some(lane), say);
        step.line = Some(line);
        step.ms = Some(ms);
    }

    /// The program printed something: whole lines, or the rest of one that it left open.
    fn console(&mut self, text: &str) {
        let (lane, line) = self.printing.take().unzip();
        let lane = lane.flatten();
        for text in text.lines() {
            let say = match lane {
                Some(lane) => format!("{} prints `{text}`.", self.who(lane)),
                None => format!("The program prints `{text}`."),
            };
            let step = self.push(Kind::Print, lane, say);
            step.line = line;
            step.text = Some(text.to_owned());
        }
    }

    fn push(&mut self, kind: Kind, lane: Option<usize>, say: String) -> &mut Step {
        self.steps.push(Step::new(kind, lane, say));
        let last = self.steps.len() - 1;
        &mut self.steps[last]
    }

    /// Adds a step at a place.
    fn push_at(&mut self, kind: Kind, lane: usize, place: usize, say: String) {
        let line = self.place(place).line;
        let step = self.push(kind, Some(lane), say);
        step.at = vec![place];
        step.line = Some(line);
    }

    /// The lane of a task; none for one of the runtime's own.
    fn lane(&self, task: u64) -> Result<Option<usize>> {
        let lane = self.of_task.get(&task).copied();
        lane.context("an event names a task that was never spawned")
    }

    fn place(&self, place: usize) -> &'a mark::Place {
        &self.program.places[place]
    }

    fn spell(&self, place: usize) -> String {
        spell(self.place(place))
    }

    /// The places that steps name, renumbered in the order of the source.
    fn used_places(&mut self) -> Vec<Place> {
        let used: BTreeSet<usize> = self.steps.iter().flat_map(|step| step.at.clone()).collect();
        let mut used: Vec<usize> = used.into_iter().collect();
        used.sort_by_key(|place| self.place(*place).bytes.start);
        for step in &mut self.steps {
            let number = |place: &usize| used.iter().position(|used| used == place);
            let mut at: Vec<_> = step.at.iter().filter_map(number).enumerate().collect();
            at.sort_by_key(|(_, place)| *place);
            step.on = at
                .iter()
                .filter_map(|(was, _)| step.on.get(*was).copied())
                .collect();
            step.at = at.into_iter().map(|(_, place)| place).collect();
        }
        used.iter()
            .map(|place| self.program.shown(self.place(*place)))
            .collect()
    }
}
