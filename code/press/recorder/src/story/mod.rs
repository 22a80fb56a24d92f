//! Turns the events of a run into lanes, steps and sentences.
//!
//! - `ahead` finds out what later events say of earlier ones;
//! - `lanes` names who takes part, `polls` tells when they run and stop, `wakes` who wakes them;
//! - `futures` keeps the marked futures, `passes` tells which begin, are ready or are dropped;
//! - `waits` knows what Tokio's futures wait for.

use std::collections::{BTreeSet, HashMap};

use anyhow::{Context, Result, ensure};

use crate::mark::{self, Program};
use crate::raw::{Event, Head, Item, What};
use crate::run::{Clock, Kind, Lane, LaneKind, Place, Run, Step};
use crate::words::time;

use ahead::{Ahead, End};
use futures::Futures;

mod ahead;
mod futures;
mod lanes;
mod passes;
mod polls;
mod waits;
mod wakes;

#[cfg(test)]
mod tests;

/// Tells the story of one run of a marked program.
pub fn tell(program: &Program, items: &[Item]) -> Result<Story> {
    let mut teller = Teller::new(program, items);
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
        threads: teller.threads.len(),
        paused: teller.paused,
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
    /// How many threads polled tasks.
    pub threads: usize,
    /// How many runtimes have a paused clock.
    pub paused: usize,
    pub lanes: Vec<Lane>,
    pub places: Vec<Place>,
    pub steps: Vec<Step>,
}

impl Story {
    /// Refuses a story that is not the only one of its program, or has more than one clock.
    ///
    /// Two threads that poll tasks race, whether or not they met in this run.
    pub fn ensure_only_one(&self, many: bool) -> Result<()> {
        ensure!(
            many || self.threads <= 1,
            "{} threads poll its tasks, so that another run may go another way: use one thread, or \
             write `run-many=1` behind the fence",
            self.threads
        );
        ensure!(
            self.paused <= 1,
            "it has {} runtimes with paused clocks, and a picture has one clock: use one runtime",
            self.paused
        );
        Ok(())
    }

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
    /// The whole of its future was ready in the poll under way.
    finished: bool,
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
    ahead: Ahead,
    time: Time,
    actors: Vec<Actor>,
    /// The lane of each task; none for the runtime's own.
    of_task: HashMap<u64, Option<usize>>,
    futures: Futures,
    /// The threads that have polled tasks.
    threads: BTreeSet<u64>,
    /// How many runtimes have a paused clock.
    paused: usize,
    /// The task whose future is being dropped.
    dropping: Option<u64>,
    /// The lane that ended last on a thread.
    ended: HashMap<u64, usize>,
    /// The lane that is about to print, and its line.
    printing: Option<(Option<usize>, Option<usize>)>,
    /// The line and message of the panic that is under way on a thread.
    panics: HashMap<u64, (Option<usize>, String)>,
    steps: Vec<Step>,
}

impl<'a> Teller<'a> {
    fn new(program: &'a Program, items: &[Item]) -> Self {
        let inside = || {
            items.iter().filter_map(|item| match item {
                Item::Event(Event { head, .. }) => Some((head.now?, head.still, head.runtime)),
                Item::Console(_) => None,
            })
        };
        let still = inside().filter(|(_, still, _)| *still).count();
        let start = inside().find(|(_, still, _)| *still);
        let paused: BTreeSet<_> = inside()
            .filter(|(_, still, _)| *still)
            .map(|(.., runtime)| runtime)
            .collect();
        Teller {
            program,
            ahead: Ahead::look(items),
            time: Time {
                // A program that pauses its clock itself begins with a few events before it does.
                // Where several have clocks of their own, there is no time to tell.
                still: paused.len() == 1 && 2 * still > inside().count(),
                start: start.map_or(0, |(now, ..)| now),
                now: 0,
            },
            actors: Vec::new(),
            of_task: HashMap::new(),
            futures: Futures::default(),
            threads: BTreeSet::new(),
            paused: paused.len(),
            dropping: None,
            ended: HashMap::new(),
            printing: None,
            panics: HashMap::new(),
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
            What::Deadline { after, mark } if head.still => self.deadline(*after, *mark),
            What::Deadline { .. } => {}
            What::Pending { mark, spent } => {
                if let Some(future) = self.futures.get_mut(*mark) {
                    future.parked = true;
                    future.spent = *spent;
                }
            }
            What::Ready { mark } => self.ready(*mark),
            What::Leave { mark } => self.leave(*mark, by),
            What::Taken { place } => self.taken(*place, by),
            What::Wake {
                task,
                from,
                file,
                line,
            } => {
                if let Some(lane) = self.lane(*task)? {
                    let line = line.and_then(|line| self.program.line(file, line));
                    self.wake(lane, from, line, by, head.thread);
                }
            }
            What::Abort { id, file, line } => {
                let line = self.program.line(file, *line);
                self.abort(id, line, by);
            }
            What::Print { file, line } => {
                self.printing = Some((by, self.program.line(file, *line)));
            }
            What::Block { file, line, ms } => {
                let line = self.program.line(file, *line);
                self.block(line, *ms, by);
            }
            What::Panic {
                file,
                line,
                message,
            } => {
                let line = self.program.line(file, *line);
                self.panics.insert(head.thread, (line, message.clone()));
            }
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
    fn block(&mut self, line: Option<usize>, ms: u64, by: Option<usize>) {
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
        step.line = line;
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
            step.line = line.flatten();
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
        self.program.spell(self.place(place))
    }

    /// The beginning of a sentence about a line, if it is known.
    fn at_line(&self, line: Option<usize>) -> String {
        line.map_or(String::new(), |line| {
            format!("At {}, ", self.program.spot(line))
        })
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
