//! Who wakes a lane.

use crate::run::{Kind, On, Source};

use super::{Status, Teller};

impl Teller<'_> {
    /// A waker of a lane is called.
    pub fn wake(
        &mut self,
        lane: usize,
        from: &str,
        line: Option<usize>,
        by: Option<usize>,
        thread: u64,
    ) {
        match &mut self.actors[lane].status {
            Status::Running { woken } if !*woken => *woken = true,
            status @ Status::Parked => *status = Status::Ready,
            // It is in the queue already, or over.
            _ => return,
        }
        let at = self.woken_at(lane, from);
        let name = self.who(lane);
        let parked = self.parked(lane, &at);
        let waker = self.waker(from, by, thread);
        let at_line = self.at_line(line);
        let (by, source, say) = match waker {
            Waker::Source(source) => {
                let say = match source {
                    Source::Timer => format!("The timer wakes {name}{parked}."),
                    Source::Io => format!("{}, which wakes {name}{parked}.", self.io(lane, &at)),
                    Source::System => format!("The operating system wakes {name}{parked}."),
                    Source::Queue => format!("{name}, which gave way, is back in the queue."),
                    Source::Thread => {
                        format!(
                            "{}{} wakes {name}{parked}.",
                            at_line,
                            if line.is_some() {
                                "another thread"
                            } else {
                                "Another thread"
                            }
                        )
                    }
                };
                (None, Some(source), say)
            }
            Waker::End(by) => {
                let say = format!("The end of {} wakes {name}{parked}.", self.who(by));
                (Some(by), None, say)
            }
            Waker::Local(by) => {
                let say = format!(
                    "With {} is woken {name}, whose `LocalSet` runs it.",
                    self.who(by)
                );
                (Some(by), None, say)
            }
            Waker::Dropped(by) => {
                let say = format!("The drop of {} wakes {name}{parked}.", self.who(by));
                (Some(by), None, say)
            }
            Waker::Lane(by) if by == lane => {
                let say = format!("{at_line}{name} wakes itself: it will be polled again.");
                (Some(by), None, say)
            }
            Waker::Lane(by) => {
                let say = format!("{at_line}{} wakes {name}{parked}.", self.who(by));
                (Some(by), None, say)
            }
            Waker::Unknown => (None, None, format!("{at_line}{name} is woken{parked}.")),
        };
        let step = self.push(Kind::Wake, Some(lane), say);
        step.at = at;
        step.by = by;
        step.from = source;
        step.line = line;
    }

    fn waker(&self, from: &str, by: Option<usize>, thread: u64) -> Waker {
        match (from, by) {
            ("timer", _) => Waker::Source(Source::Timer),
            ("io", _) => Waker::Source(Source::Io),
            ("process" | "signal", _) => Waker::Source(Source::System),
            ("yield", _) => Waker::Source(Source::Queue),
            ("local", _) => {
                let last = self.steps.last().filter(|step| step.kind == Kind::Wake);
                let woken = last.and_then(|step| step.lane);
                woken.map_or(Waker::Unknown, Waker::Local)
            }
            ("completion", _) => {
                let ended = self.ended.get(&thread).copied();
                ended.map_or(Waker::Unknown, Waker::End)
            }
            (_, Some(by)) if self.dropping.is_some() => Waker::Dropped(by),
            (_, Some(by)) => Waker::Lane(by),
            (_, None) if thread > 0 => Waker::Source(Source::Thread),
            _ => Waker::Unknown,
        }
    }

    /// Where a lane is woken: at the timers that are due, if a timer wakes it, else wherever it
    /// is parked.
    fn woken_at(&self, lane: usize, from: &str) -> Vec<usize> {
        let at = self.futures.parked_at(lane);
        if from == "yield" {
            return Vec::new();
        }
        let is_due = |place: &usize| {
            let mut leaves = self.futures.leaves(lane);
            leaves.any(|leaf| {
                leaf.place == *place && leaf.until.is_some_and(|until| until <= self.time.now)
            })
        };
        let due: Vec<usize> = at.iter().copied().filter(is_due).collect();
        if from == "timer" && self.time.still && !due.is_empty() {
            return due;
        }
        at
    }

    fn parked(&self, lane: usize, at: &[usize]) -> String {
        match at {
            [] => String::new(),
            [only] => format!(", parked at {}", self.spell(*only)),
            _ => format!(", parked at {}", self.all_places(lane, at)),
        }
    }

    /// What the operating system reported.
    fn io(&self, lane: usize, at: &[usize]) -> &'static str {
        match at {
            [place] => match self.waits_on(lane, *place).0 {
                On::Socket => "A socket is ready",
                On::Process => "The operating system reports the end of a process",
                _ => "Input or output is ready",
            },
            _ => "Input or output is ready",
        }
    }

    /// A lane aborts the task with this id, which is dropped when its turn comes.
    pub fn abort(&mut self, id: &str, line: Option<usize>, by: Option<usize>) {
        let aborted = self.actors.iter().position(|actor| actor.id == id);
        let Some(lane) = aborted.filter(|lane| self.actors[*lane].status != Status::Over) else {
            return;
        };
        if self.actors[lane].status == Status::Parked {
            self.actors[lane].status = Status::Ready;
        }
        let at = self.futures.parked_at(lane);
        let name = self.who(lane);
        let parked = self.parked(lane, &at);
        let at_line = self.at_line(line);
        let who = by.map_or("the program".to_owned(), |by| self.who(by));
        let say = format!(
            "{at_line}{who} aborts {name}{parked}: its future will be dropped at its next turn."
        );
        let step = self.push(Kind::Wake, Some(lane), say);
        step.at = at;
        step.by = by;
        step.line = line;
    }
}

/// Who wakes.
enum Waker {
    /// No lane.
    Source(Source),
    /// A lane that calls the waker.
    Lane(usize),
    /// A lane whose handle is waited for ended.
    End(usize),
    /// A lane is woken that the woken one runs.
    Local(usize),
    /// A lane whose future is dropped.
    Dropped(usize),
    /// A part of Tokio that the probe does not know.
    Unknown,
}
