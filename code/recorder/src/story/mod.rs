//! Turns the events of a run into lanes, steps and sentences.

use std::collections::{BTreeSet, HashMap};

use anyhow::{Context, Result};

use crate::mark::{self, Program};
use crate::raw::{Event, Head, Item, What};
use crate::run::{Clock, Kind, Lane, LaneKind, Place, Run, Source, Step};

/// Tells the story of one run of a marked program.
pub fn tell(name: &str, program: &Program, source: &str, items: &[Item]) -> Result<Run> {
    let mut teller = Teller::new(program, items);
    for (index, item) in items.iter().enumerate() {
        match item {
            Item::Event(event) => teller.event(index, event)?,
            Item::Console(text) => teller.console(text),
        }
    }
    teller.name_lanes();
    Ok(Run {
        name: name.to_owned(),
        tokio: String::new(),
        clock: if teller.still {
            Clock::Virtual
        } else {
            Clock::Real
        },
        many: false,
        source: source.to_owned(),
        picture: (0, 0),
        places: teller.used_places(source),
        lanes: teller.lanes,
        steps: teller.steps,
    })
}

/// How far a lane is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Ready,
    Running { woken: bool },
    Parked,
    Over,
}

/// A marked future.
struct Mark {
    place: usize,
    future: String,
    within: Option<u64>,
    lane: Option<usize>,
    /// It has been polled and was not ready.
    parked: bool,
    /// Its budget was spent when it was polled last.
    spent: bool,
    /// Another mark was reached inside.
    outer: bool,
    /// When its timer goes off.
    until: Option<u64>,
}

/// Why a task's future went away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Finished,
    Aborted,
    Shutdown,
}

struct Teller<'a> {
    program: &'a Program,
    /// The index of each `enter` that begins the drop of a task's future, and why it is dropped.
    drops: HashMap<usize, End>,
    /// The index of each `exit` after which the task's future is dropped as finished.
    finishes: BTreeSet<usize>,
    /// The index of each `exit` after which Tokio itself wakes the task again.
    yields: BTreeSet<usize>,
    /// The clock stands still unless the runtime moves it.
    still: bool,
    /// The time of the first event under a clock that stands still.
    start: u64,
    now: u64,
    lanes: Vec<Lane>,
    status: Vec<Status>,
    of_task: HashMap<u64, usize>,
    marks: HashMap<u64, Mark>,
    /// The task whose future is being dropped, and what it was parked at.
    dropping: Option<(u64, End, Vec<usize>)>,
    /// The lane that ended last on a thread.
    ended: HashMap<u64, usize>,
    printing: Option<(Option<usize>, usize)>,
    panic: Option<(usize, String)>,
    steps: Vec<Step>,
}

impl<'a> Teller<'a> {
    fn new(program: &'a Program, items: &[Item]) -> Self {
        let (drops, finishes, yields) = look_ahead(items);
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
            drops,
            finishes,
            yields,
            // A program that pauses its clock itself begins with a few events before it does.
            still: still > 0 && 2 * still > inside().count(),
            start,
            now: 0,
            lanes: Vec::new(),
            status: Vec::new(),
            of_task: HashMap::new(),
            marks: HashMap::new(),
            dropping: None,
            ended: HashMap::new(),
            printing: None,
            panic: None,
            steps: Vec::new(),
        }
    }

    // ------------------------------------------------------------ events

    fn event(&mut self, index: usize, event: &Event) -> Result<()> {
        let head = &event.head;
        let by = head.by.and_then(|task| self.of_task.get(&task).copied());
        self.clock(head, by);
        match &event.what {
            What::Spawn {
                task,
                kind,
                name,
                file,
                line,
                column,
            } => self.spawn(*task, kind, name, file, (*line, *column), by),
            What::Enter { task } => {
                let lane = self.lane(*task)?;
                if let Some(end) = self.drops.get(&index) {
                    self.dropping = Some((*task, *end, self.parked_at(lane)));
                } else {
                    self.run(lane);
                }
            }
            What::Exit {
                task,
                wakers,
                panics,
            } => {
                let lane = self.lane(*task)?;
                match self.dropping.take() {
                    Some((dropped, end, at)) if dropped == *task => self.dropped(lane, end, at),
                    other => {
                        self.dropping = other;
                        self.exit(index, lane, *wakers, *panics);
                    }
                }
            }
            What::Close { task, .. } => {
                let lane = self.lane(*task)?;
                self.status[lane] = Status::Over;
                self.ended.insert(head.thread, lane);
            }
            What::Reach {
                mark,
                place,
                future,
                within,
            } => {
                if let Some(outer) = within.and_then(|within| self.marks.get_mut(&within)) {
                    outer.outer = true;
                }
                let begins = by.filter(|_| self.begins(*place, future));
                if let Some(lane) = begins {
                    let say = format!("{} begins {}.", self.who(lane), self.spell(*place));
                    let line = self.place(*place).line;
                    let step = self.push(Kind::Begin, Some(lane), say);
                    step.at = vec![*place];
                    step.line = Some(line);
                }
                let mark_ = Mark {
                    place: *place,
                    future: future.clone(),
                    within: *within,
                    lane: by,
                    parked: false,
                    spent: false,
                    outer: false,
                    until: None,
                };
                self.marks.insert(*mark, mark_);
            }
            What::Look { .. } | What::Operation { .. } => {}
            What::Deadline { after, mark, .. } => {
                let until = self.now.saturating_add(*after);
                if let Some(mark) = mark.and_then(|mark| self.marks.get_mut(&mark)) {
                    let sooner = mark.future.starts_with(TIMEOUT);
                    mark.until = match mark.until {
                        Some(known) if sooner => Some(known.min(until)),
                        _ => Some(until),
                    };
                }
            }
            What::Pending { mark, spent } => {
                if let Some(mark) = self.marks.get_mut(mark) {
                    mark.parked = true;
                    mark.spent = *spent;
                    mark.lane = by;
                }
            }
            What::Ready { mark } => self.ready(*mark),
            What::Leave { mark } => self.leave(*mark, by),
            What::Wake { task, from, line } => {
                if let Some(lane) = self.of_task.get(task).copied() {
                    self.wake(lane, from, *line, by, head.thread);
                }
            }
            What::Print { line } => self.printing = Some((by, *line)),
            What::Block { line, ms } => self.block(*line, *ms, by),
            What::Panic { line, message } => self.panic = Some((*line, message.clone())),
        }
        Ok(())
    }

    fn clock(&mut self, head: &Head, by: Option<usize>) {
        let Some(now) = head.now.filter(|_| head.still && self.still) else {
            return;
        };
        let now = now.saturating_sub(self.start) / 1_000_000;
        if now <= self.now {
            return;
        }
        self.now = now;
        let time = time(now);
        let say = match by {
            None => format!("No task can run, so the clock jumps to {time}."),
            Some(lane) => format!("While {} runs, the clock moves to {time}.", self.who(lane)),
        };
        let step = self.push(Kind::Clock, None, say);
        step.ms = Some(now);
    }

    fn spawn(
        &mut self,
        task: u64,
        kind: &str,
        name: &str,
        file: &str,
        (line, column): (usize, usize),
        by: Option<usize>,
    ) {
        let lane = self.lanes.len();
        self.of_task.insert(task, lane);
        let kind = match kind {
            "block_on" => LaneKind::Main,
            "blocking" => LaneKind::Blocking,
            _ => LaneKind::Task,
        };
        let ours = file.starts_with("src/bin/");
        let call = self.program.spawn_at(line, column).filter(|_| ours);
        let line = match kind {
            LaneKind::Main => self.program.line_of_main(line),
            _ => line,
        };
        let name = match (kind, call) {
            _ if !name.is_empty() => name.to_owned(),
            (LaneKind::Main, _) => "main".to_owned(),
            (_, Some(call)) if !call.name.is_empty() => shorten(&call.name, 20),
            (LaneKind::Blocking, None) => "blocking pool".to_owned(),
            (_, None) if !ours => "inner task".to_owned(),
            _ => format!("task of line {line}"),
        };
        self.lanes.push(Lane { name, kind, line });
        self.status.push(Status::Ready);
        let name = self.who(lane);
        let say = match (kind, by) {
            (LaneKind::Main, _) => format!("The runtime is about to run {name}."),
            (LaneKind::Blocking, Some(by)) => {
                format!(
                    "{} hands {name} to a thread of the blocking pool.",
                    self.who(by)
                )
            }
            (_, Some(by)) => format!("{} spawns {name}, which has not run yet.", self.who(by)),
            (_, None) => format!("{name} is spawned and has not run yet."),
        };
        let step = self.push(Kind::Spawn, Some(lane), say);
        step.by = by;
        step.line = Some(line).filter(|_| ours);
    }

    fn run(&mut self, lane: usize) {
        let first = !self
            .steps
            .iter()
            .any(|step| step.kind == Kind::Run && step.lane == Some(lane));
        let at = self.parked_at(lane);
        self.status[lane] = Status::Running { woken: false };
        let name = self.who(lane);
        let (line, say) = match at.as_slice() {
            _ if first && self.lanes[lane].kind == LaneKind::Blocking => (
                self.lanes[lane].line,
                format!("A thread of the blocking pool runs {name}."),
            ),
            _ if first => (
                self.program.body_of(self.lanes[lane].line),
                format!("{name} is polled for the first time and runs from its start."),
            ),
            [] => (self.lanes[lane].line, format!("{name} is polled again.")),
            [place] => (
                self.place(*place).line,
                format!("{name} is polled again, and polls {}.", self.spell(*place)),
            ),
            [place, ..] => (
                self.place(*place).line,
                format!(
                    "{name} is polled again; it was parked at {} places.",
                    at.len()
                ),
            ),
        };
        let step = self.push(Kind::Run, Some(lane), say);
        step.at = at;
        step.line = Some(line);
    }

    fn exit(&mut self, index: usize, lane: usize, wakers: u64, panics: bool) {
        let name = self.who(lane);
        let status = self.status[lane];
        self.status[lane] = Status::Over;
        if panics {
            let (line, message) = self.panic.take().unzip();
            let message = message.unwrap_or_default();
            let place = line.map_or(String::new(), |line| format!(" at line {line}"));
            let say = format!("{name} panics{place}: {}.", shorten(&message, 80));
            self.push(Kind::Panic, Some(lane), say).line = line;
            return;
        }
        if self.finishes.contains(&index) {
            self.push(Kind::Done, Some(lane), format!("{name} is done."));
            return;
        }
        self.status[lane] = match status {
            Status::Running { woken: true } => Status::Ready,
            _ => Status::Parked,
        };
        let at = self.parked_at(lane);
        let spent = self.yields.contains(&index) && self.is_spent(lane);
        let futures = self.leaves(lane).count();
        let mut say = match at.as_slice() {
            [] => format!("{name} stops, and no mark tells where."),
            [place] if futures > 1 => format!(
                "{name} stops; it waits for {futures} futures at {}.",
                self.spell(*place)
            ),
            [place] if spent => format!(
                "{name} has spent its budget: Tokio makes it stop at {}.",
                self.spell(*place)
            ),
            [place] if self.gives_way(lane) => {
                format!("{name} gives way at line {}.", self.place(*place).line)
            }
            [place] => format!(
                "{name} stops at {}, which is not ready{}.",
                self.spell(*place),
                self.until(lane, *place)
            ),
            places => {
                let told: Vec<String> = places.iter().map(|place| self.spell(*place)).collect();
                format!("{name} stops; it waits for {}.", told.join(" and "))
            }
        };
        if self.status[lane] == Status::Ready && !spent {
            say.push_str(" It has been woken already.");
        }
        let lost = wakers == 0 && self.status[lane] == Status::Parked;
        if lost {
            say.push_str(&format!(
                " Nobody holds a waker of {name}: nothing can wake it."
            ));
        }
        let kind = if spent { Kind::Budget } else { Kind::Stop };
        let line = at.first().map(|place| self.place(*place).line);
        let step = self.push(kind, Some(lane), say);
        step.at = at;
        step.line = line;
        step.lost = lost;
    }

    fn dropped(&mut self, lane: usize, end: End, at: Vec<usize>) {
        if end == End::Finished && self.status[lane] == Status::Over {
            return;
        }
        let ran = self
            .steps
            .iter()
            .any(|step| step.kind == Kind::Run && step.lane == Some(lane));
        self.status[lane] = Status::Over;
        let name = self.who(lane);
        let why = match end {
            End::Aborted => format!("{name} was aborted: its future is dropped"),
            End::Shutdown => format!("The runtime shuts down and drops {name}"),
            End::Finished => format!("{name} is dropped"),
        };
        let place = match at.as_slice() {
            [] if !ran => " before its first poll".to_owned(),
            [] => String::new(),
            [place, ..] => format!(", parked at {}", self.spell(*place)),
        };
        let line = at.first().map(|place| self.place(*place).line);
        let step = self.push(Kind::Cancel, Some(lane), format!("{why}{place}."));
        step.at = at;
        step.line = line;
    }

    fn ready(&mut self, id: u64) {
        let Some(mark) = self.marks.remove(&id) else {
            return;
        };
        let Some(lane) = mark.lane else { return };
        let place = mark.place;
        let kind = self.place(place).kind;
        let part = matches!(kind, mark::Kind::Join | mark::Kind::Select);
        if !part && (mark.parked || mark.outer || kind == mark::Kind::Whole) {
            return;
        }
        if !part && self.begins(place, &mark.future) {
            // It began a step ago, and ran to its end without anything in between.
            return;
        }
        let name = self.who(lane);
        if let Some(last) = self.steps.last_mut()
            && last.kind == Kind::Pass
            && last.lane == Some(lane)
            && last.at == [place]
        {
            let times: usize = last
                .text
                .as_deref()
                .map_or(1, |text| text.parse().unwrap_or(1))
                + 1;
            last.text = Some(times.to_string());
            last.say = format!(
                "{name} passes {} {times} times without stopping.",
                spell(self.program, place)
            );
            return;
        }
        let spelled = self.spell(place);
        let say = match kind {
            mark::Kind::Join => format!("{spelled} is done, a part of what {name} joins."),
            mark::Kind::Select => format!("{spelled} is ready, a branch of what {name} selects."),
            _ => format!("{name} passes {spelled} without stopping: it is ready."),
        };
        let line = self.place(place).line;
        let step = self.push(Kind::Pass, Some(lane), say);
        step.at = vec![place];
        step.line = Some(line);
    }

    fn leave(&mut self, id: u64, by: Option<usize>) {
        let Some(mark) = self.marks.get(&id) else {
            return;
        };
        let (lane, place) = (mark.lane, mark.place);
        let inner: Vec<u64> = self
            .marks
            .iter()
            .filter(|(_, inner)| inner.within == Some(id))
            .map(|(inner, _)| *inner)
            .collect();
        let part_of_drop = self.dropping.is_some() || self.panic.is_some();
        self.forget(id, &inner);
        let Some(lane) = lane.filter(|_| !part_of_drop) else {
            return;
        };
        let say = format!("{} is dropped before it is done.", self.spell(place));
        let line = self.place(place).line;
        let step = self.push(Kind::Drop, Some(lane), say);
        step.at = vec![place];
        step.line = Some(line);
        step.by = by.filter(|by| *by != lane);
    }

    /// Takes out a mark that was dropped, with everything inside of it.
    fn forget(&mut self, id: u64, inner: &[u64]) {
        self.marks.remove(&id);
        for id in inner {
            let deeper: Vec<u64> = self
                .marks
                .iter()
                .filter(|(_, mark)| mark.within == Some(*id))
                .map(|(deeper, _)| *deeper)
                .collect();
            self.forget(*id, &deeper);
        }
    }

    fn wake(
        &mut self,
        lane: usize,
        from: &str,
        line: Option<usize>,
        by: Option<usize>,
        thread: u64,
    ) {
        match &mut self.status[lane] {
            Status::Running { woken } if !*woken => *woken = true,
            status @ Status::Parked => *status = Status::Ready,
            _ => return,
        }
        let name = self.who(lane);
        let at = self.parked_at(lane);
        let parked = match at.as_slice() {
            [] => String::new(),
            [place, ..] => format!(", parked at {}", self.spell(*place)),
        };
        let place = line.map_or(String::new(), |line| format!(" at line {line}"));
        let ended = self.ended.get(&thread).copied();
        let (by, from, say) = match (from, by) {
            ("timer", _) => (
                None,
                Some(Source::Timer),
                format!("The timer wakes {name}{parked}."),
            ),
            ("io", _) => {
                let say = format!("Input or output is ready, which wakes {name}{parked}.");
                (None, Some(Source::Io), say)
            }
            ("process" | "signal", _) => {
                let say = format!("The operating system wakes {name}{parked}.");
                (None, Some(Source::System), say)
            }
            ("yield", _) => {
                let say = format!("{name}, which gave way, is back in the queue.");
                (None, Some(Source::Queue), say)
            }
            ("completion", _) => {
                let who = ended.map_or("a task".to_owned(), |ended| self.who(ended));
                (
                    ended,
                    None,
                    format!("The end of {who} wakes {name}{parked}."),
                )
            }
            (_, Some(by)) if by == lane => (
                Some(by),
                None,
                format!("{name} wakes itself{place}: it will be polled again."),
            ),
            (_, Some(by)) => {
                let say = format!("{} wakes {name}{place}{parked}.", self.who(by));
                (Some(by), None, say)
            }
            (_, None) if thread > 0 => {
                let say = format!("Another thread wakes {name}{place}{parked}.");
                (None, Some(Source::Thread), say)
            }
            _ => (None, None, format!("{name} is woken{parked}.")),
        };
        let step = self.push(Kind::Wake, Some(lane), say);
        step.by = by;
        step.from = from;
        step.line = line;
    }

    fn block(&mut self, line: usize, ms: u64, by: Option<usize>) {
        let Some(lane) = by else { return };
        let name = self.who(lane);
        let say = match self.lanes[lane].kind {
            LaneKind::Blocking => format!("{name} holds its thread of the pool for {}.", time(ms)),
            _ => format!(
                "{name} puts the thread to sleep for {}: until then nothing else can run on it.",
                time(ms)
            ),
        };
        let step = self.push(Kind::Block, Some(lane), say);
        step.line = Some(line);
        step.ms = Some(ms);
    }

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

    // ------------------------------------------------------------ state

    fn push(&mut self, kind: Kind, lane: Option<usize>, say: String) -> &mut Step {
        self.steps.push(Step {
            kind,
            lane,
            by: None,
            line: None,
            at: Vec::new(),
            from: None,
            lost: false,
            text: None,
            ms: None,
            x: 0,
            say,
        });
        let last = self.steps.len() - 1;
        &mut self.steps[last]
    }

    fn lane(&self, task: u64) -> Result<usize> {
        let lane = self.of_task.get(&task).copied();
        lane.context("an event names a task that was never spawned")
    }

    /// The innermost places where a lane is parked, in the order of the source.
    fn parked_at(&self, lane: usize) -> Vec<usize> {
        let places: BTreeSet<usize> = self.leaves(lane).map(|mark| mark.place).collect();
        places.into_iter().collect()
    }

    fn leaves(&self, lane: usize) -> impl Iterator<Item = &Mark> {
        let parked = self
            .marks
            .iter()
            .filter(move |(_, mark)| mark.lane == Some(lane) && mark.parked);
        parked
            .filter(|(id, _)| {
                let mut inner = self.marks.values();
                !inner.any(|mark| mark.parked && mark.within == Some(**id))
            })
            .map(|(_, mark)| mark)
    }

    /// Whether a future is an `async fn` or `async` block of the program, which begins at its
    /// first poll.
    fn begins(&self, place: usize, future: &str) -> bool {
        let own = future.starts_with(&self.program.crate_name);
        own && future.ends_with("{{closure}}") && self.place(place).kind != mark::Kind::Whole
    }

    fn is_spent(&self, lane: usize) -> bool {
        self.leaves(lane).any(|mark| mark.spent)
    }

    fn gives_way(&self, lane: usize) -> bool {
        self.leaves(lane)
            .any(|mark| mark.future.contains("yield_now"))
    }

    /// When the timer at a place goes off, if the future there is a timer.
    fn until(&self, lane: usize, place: usize) -> String {
        const AGES: u64 = 365 * 24 * 3600 * 1000;
        let mark = self.leaves(lane).find(|mark| mark.place == place);
        let timer = mark.filter(|mark| {
            mark.future.starts_with("tokio::time::") && !mark.future.starts_with(TIMEOUT)
        });
        let until = timer
            .and_then(|mark| mark.until)
            .filter(|until| self.still && *until < AGES);
        until.map_or(String::new(), |until| format!(" until {}", time(until)))
    }

    fn place(&self, place: usize) -> &'a mark::Place {
        &self.program.places[place]
    }

    /// How a sentence names a place: its expression and line.
    fn spell(&self, place: usize) -> String {
        spell(self.program, place)
    }

    /// How a sentence names a lane; [`Teller::name_lanes`] puts the name in.
    fn who(&self, lane: usize) -> String {
        format!("*{lane}*")
    }

    // ------------------------------------------------------------ the end

    /// Numbers the lanes that the program gives one name, and puts the names into the sentences.
    fn name_lanes(&mut self) {
        let names: Vec<String> = self.lanes.iter().map(|lane| lane.name.clone()).collect();
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            let twins = names.iter().filter(|name| **name == names[index]).count();
            if twins > 1 {
                let before = names[..index].iter().filter(|name| **name == names[index]);
                lane.name = format!("{} #{}", lane.name, before.count() + 1);
            }
        }
        for step in &mut self.steps {
            for (index, lane) in self.lanes.iter().enumerate() {
                step.say = step
                    .say
                    .replace(&format!("*{index}*"), &format!("*{}*", lane.name));
            }
            if step.kind == Kind::Pass {
                step.text = None;
            }
        }
    }

    /// The places that steps name, renumbered in the order of the source.
    fn used_places(&mut self, source: &str) -> Vec<Place> {
        let used: BTreeSet<usize> = self.steps.iter().flat_map(|step| step.at.clone()).collect();
        let mut used: Vec<usize> = used.into_iter().collect();
        used.sort_by_key(|place| self.place(*place).bytes.start);
        for step in &mut self.steps {
            for place in &mut step.at {
                *place = used.iter().position(|used| used == place).unwrap_or(0);
            }
            step.at.sort_unstable();
        }
        let utf16 = |byte: usize| source[..byte].encode_utf16().count();
        used.iter()
            .map(|place| {
                let place = self.place(*place);
                Place {
                    line: place.line,
                    span: (utf16(place.bytes.start), utf16(place.bytes.end)),
                    text: expression(place),
                }
            })
            .collect()
    }
}

const TIMEOUT: &str = "tokio::time::timeout::Timeout<";

/// Finds out what the events of a task lead to before its story is told.
fn look_ahead(items: &[Item]) -> (HashMap<usize, End>, BTreeSet<usize>, BTreeSet<usize>) {
    let mut drops = HashMap::new();
    let mut finishes = BTreeSet::new();
    let mut yields = BTreeSet::new();
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
                if let Some((_, exit)) = polls.get(task).and_then(|polls| polls.last()) {
                    yields.insert(*exit);
                }
            }
            What::Close { task, from } => {
                let polls = polls.remove(task).unwrap_or_default();
                let end = match from.as_str() {
                    "cancel" => End::Aborted,
                    "shutdown" => End::Shutdown,
                    _ => End::Finished,
                };
                if let [earlier @ .., (enter, _)] = polls.as_slice() {
                    drops.insert(*enter, end);
                    if let Some((_, exit)) = earlier.last().filter(|_| end == End::Finished) {
                        finishes.insert(*exit);
                    }
                }
            }
            _ => {}
        }
    }
    (drops, finishes, yields)
}

fn spell(program: &Program, place: usize) -> String {
    let place = &program.places[place];
    format!("`{}` in line {}", expression(place), place.line)
}

/// The expression of a place, short enough for a sentence.
fn expression(place: &mark::Place) -> String {
    let text = &place.text;
    if text.len() <= 32 {
        return text.clone();
    }
    if text.starts_with("async") {
        return "async { … }".to_owned();
    }
    match text.find('(') {
        Some(open) if text.ends_with(')') && open <= 28 => format!("{}(…)", &text[..open]),
        _ => shorten(text, 32),
    }
}

/// Cuts a text to so many letters.
fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    if let Some(open) = text
        .find('(')
        .filter(|open| *open + 3 <= most && text.ends_with(')'))
    {
        return format!("{}(…)", &text[..open]);
    }
    let cut: String = text.chars().take(most - 1).collect();
    format!("{cut}…")
}

/// A time as a sentence says it.
pub fn time(ms: u64) -> String {
    match ms {
        0 => "0 s".to_owned(),
        ms if ms % 1000 == 0 => format!("{} s", ms / 1000),
        ms if ms < 1000 => format!("{ms} ms"),
        ms => {
            let text = format!("{:.3}", ms as f64 / 1000.0);
            format!("{} s", text.trim_end_matches('0'))
        }
    }
}
