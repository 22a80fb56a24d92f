//! Draws a run as lanes over its steps: the still picture.
//!
//! A bar runs, a hollow bar is ready to run, a dashed line waits, an arrow wakes, a dot is done,
//! a cross is dropped. Its axis counts steps: where the clock jumps, the picture has a gap.
//! The picture is few elements, since it stands in the page itself.

use std::fmt::Write as _;

use anyhow::{Result, ensure};

use crate::run::{Clock, Kind, LaneKind, Run, Source, Step};
use crate::words::{plain, time};

/// The most bytes that a picture may have.
pub const MOST_BYTES: usize = 12 * 1024;

/// The most bytes of the story that the picture tells in words.
const MOST_WORDS: usize = 5 * 1024;

const ROW: u32 = 44;
const TOP: u32 = 40;
const RIGHT: u32 = 24;
const WIDTH: u32 = 720;
/// Half of the gap that a jump of the clock leaves.
const GAP: u32 = 5;
/// Room for what a lane waits for.
const LABEL: u32 = 150;
/// Below the lanes, where the axis has its name.
const AXIS: u32 = 16;

/// Gives every step its place, and the picture its size.
pub fn lay_out(run: &mut Run) {
    let left = left(run);
    let units: u32 = run.steps.iter().map(|step| width(step.kind)).sum();
    let room = WIDTH - RIGHT - left;
    let unit = (room / units.max(1)).clamp(8, 22);
    let mut x = left;
    for step in &mut run.steps {
        // The clock moves in the middle of its gap; everything else happens at once.
        let whole = width(step.kind) * unit;
        step.x = match step.kind {
            // What takes time stands in the middle of its time; the rest happens at its end.
            Kind::Clock | Kind::Block => x + whole / 2,
            _ => x + whole,
        };
        x += whole;
    }
    let lanes = u32::try_from(run.lanes.len()).unwrap_or(u32::MAX);
    run.picture = ((x + RIGHT).max(WIDTH), TOP + lanes * ROW + 4);
}

fn width(kind: Kind) -> u32 {
    match kind {
        Kind::Clock | Kind::Block => 4,
        Kind::Stop | Kind::Budget => 2,
        _ => 1,
    }
}

/// Where the lanes begin: behind the longest name.
fn left(run: &Run) -> u32 {
    let longest = run.lanes.iter().map(|lane| lane.name.chars().count()).max();
    let letters = u32::try_from(longest.unwrap_or(0)).unwrap_or(0);
    (letters * 9 + 14).max(60)
}

/// The picture of a run that is laid out, small enough to stand in a page of the book.
pub fn draw(run: &Run) -> Result<String> {
    let svg = drawn(run, RIGHT / 2);
    ensure!(
        svg.len() <= MOST_BYTES,
        "its picture has {} bytes, and a picture may have {MOST_BYTES}",
        svg.len()
    );
    Ok(svg)
}

/// The picture of a run of a reader's own, of whatever size. Behind its last step is room to say
/// what each lane still waits for.
pub fn draw_own(run: &mut Run) -> String {
    let end = run.steps.last().map_or(0, |step| step.x);
    run.picture.0 = run.picture.0.max(end + LABEL + RIGHT);
    drawn(run, LABEL)
}

/// A picture in which lanes go on for so much behind the last step.
fn drawn(run: &Run, behind: u32) -> String {
    let mut pen = Pen::new(run);
    for step in &run.steps {
        pen.step(step);
    }
    pen.close(behind);
    pen.finish()
}

/// What a lane is doing, and since where.
#[derive(Clone)]
enum Doing {
    Nothing,
    Ready(u32),
    Running { since: u32, woken: bool },
    Waiting { since: u32, label: String },
}

struct Pen<'a> {
    run: &'a Run,
    doing: Vec<Doing>,
    bars: String,
    ready: String,
    waits: String,
    arrows: String,
    heads: String,
    dots: String,
    crosses: String,
    prints: String,
    spawns: String,
    gaps: String,
    edges: String,
    texts: String,
    /// Where the last label of the top row ends.
    label_end: u32,
    x: u32,
}

impl<'a> Pen<'a> {
    fn new(run: &'a Run) -> Self {
        let mut pen = Pen {
            run,
            doing: vec![Doing::Nothing; run.lanes.len()],
            bars: String::new(),
            ready: String::new(),
            waits: String::new(),
            arrows: String::new(),
            heads: String::new(),
            dots: String::new(),
            crosses: String::new(),
            prints: String::new(),
            spawns: String::new(),
            gaps: String::new(),
            edges: String::new(),
            texts: String::new(),
            label_end: 0,
            x: 0,
        };
        for (index, lane) in run.lanes.iter().enumerate() {
            let y = row(index) + 5;
            let weight = if lane.kind == LaneKind::Main {
                " font-weight=\"600\""
            } else {
                ""
            };
            let name = escape(&lane.name);
            let _ = write!(pen.texts, "<text y=\"{y}\"{weight}>{name}</text>");
        }
        if run.clock == Clock::Virtual {
            pen.top(left(run), "0 s");
        }
        pen
    }

    fn step(&mut self, step: &Step) {
        let x = step.x;
        self.x = x;
        let Some(lane) = step.lane else {
            if step.kind == Kind::Clock {
                self.jump(step);
            }
            return;
        };
        let y = row(lane);
        match step.kind {
            Kind::Spawn => {
                if let Some(by) = step.by {
                    self.link(x, row(by), y, false);
                }
                self.doing[lane] = Doing::Ready(x);
            }
            Kind::Run => self.change(
                lane,
                x,
                Doing::Running {
                    since: x,
                    woken: false,
                },
            ),
            Kind::Stop | Kind::Budget => {
                let woken = matches!(self.doing[lane], Doing::Running { woken: true, .. });
                let next = if woken {
                    Doing::Ready(x)
                } else {
                    Doing::Waiting {
                        since: x,
                        label: self.label(step),
                    }
                };
                self.change(lane, x, next);
            }
            Kind::Wake => {
                let from = step.by.map_or(TOP - 14, row);
                match step.from {
                    Some(Source::Io) => self.top(x, "I/O"),
                    Some(Source::System) => self.top(x, "system"),
                    Some(Source::Thread) => self.top(x, "thread"),
                    Some(Source::Timer | Source::Queue) | None => {}
                }
                if step.by != Some(lane) {
                    self.link(x, from, y, true);
                }
                match &mut self.doing[lane] {
                    Doing::Running { woken, .. } => *woken = true,
                    _ => self.change(lane, x, Doing::Ready(x)),
                }
            }
            Kind::Done => {
                self.change(lane, x, Doing::Nothing);
                let _ = write!(self.dots, "M{} {y}h0", x + 1);
            }
            Kind::Panic | Kind::Cancel => {
                self.change(lane, x, Doing::Nothing);
                let (left, top) = (x - 5, y - 5);
                let _ = write!(self.crosses, "M{left} {top}l10 10m0-10l-10 10");
            }
            Kind::Print => {
                let _ = write!(self.prints, "M{} {}l4 7 4-7", x - 4, y - 18);
            }
            Kind::Drop => {
                let (left, top) = (x - 3, y - 17);
                let _ = write!(self.crosses, "M{left} {top}l6 6m0-6l-6 6");
            }
            Kind::Block => {
                let text = format!("blocked {}", time(step.ms.unwrap_or(0)));
                self.word(x, y - 11, "w\" text-anchor=\"middle", &text);
            }
            Kind::Begin | Kind::Pass | Kind::Clock => {}
        }
    }

    /// A strip without lanes between two wavy edges, as where an axis is broken.
    fn jump(&mut self, step: &Step) {
        let (left, top) = (step.x - GAP, TOP - 14);
        let high = self.run.picture.1 - AXIS - 4 - top;
        let wide = 2 * GAP;
        let _ = write!(self.gaps, "M{left} {top}h{wide}v{high}h-{wide}z");
        let waves = high.div_ceil(ROW / 2);
        for x in [left, left + wide] {
            let _ = write!(
                self.edges,
                "M{x} {top}q4 11 0 22{}",
                "t0 22".repeat(waves as usize - 1)
            );
        }
        self.top(step.x, &time(step.ms.unwrap_or(0)));
    }

    /// A label of the top row, left out where it would cover the one before.
    fn top(&mut self, x: u32, text: &str) {
        let half = letters(text) * 4;
        if x < self.label_end + half {
            return;
        }
        let _ = write!(
            self.texts,
            "<text x=\"{x}\" y=\"18\" text-anchor=\"middle\">{}</text>",
            escape(text)
        );
        self.label_end = x + half + 10;
    }

    fn word(&mut self, x: u32, y: u32, class: &str, text: &str) {
        let text = escape(text);
        let _ = write!(
            self.texts,
            "<text x=\"{x}\" y=\"{y}\" class=\"{class}\">{text}</text>"
        );
    }

    fn link(&mut self, x: u32, from: u32, to: u32, head: bool) {
        let (start, end, tip) = if from < to {
            (from + if from < TOP { 0 } else { 8 }, to - 9, -7i32)
        } else {
            (from - 8, to + 9, 7)
        };
        if head {
            let _ = write!(self.arrows, "M{x} {start}V{end}");
            let _ = write!(
                self.heads,
                "M{} {}l-4 {tip}h8z",
                x,
                if tip < 0 { end + 2 } else { end - 2 }
            );
        } else {
            let end = if from < to { to - 4 } else { to + 4 };
            let _ = write!(self.spawns, "M{x} {start}V{end}");
        }
    }

    /// Draws what a lane did until here, and notes what it does next.
    fn change(&mut self, lane: usize, x: u32, next: Doing) {
        let y = row(lane);
        match std::mem::replace(&mut self.doing[lane], next) {
            Doing::Nothing => {}
            Doing::Ready(since) => {
                let (top, wide) = (y - 4, x - since);
                let _ = write!(self.ready, "M{since} {top}h{wide}v8h-{wide}z");
            }
            Doing::Running { since, .. } => {
                let _ = write!(self.bars, "M{since} {y}H{x}");
            }
            Doing::Waiting { since, label } => {
                let _ = write!(self.waits, "M{} {y}H{x}", since + 4);
                if !label.is_empty() && letters(&label) * 8 + 6 <= x - since {
                    let _ = write!(
                        self.texts,
                        "<text x=\"{}\" y=\"{}\" class=\"w\">{}</text>",
                        since + 4,
                        y - 6,
                        escape(&label)
                    );
                }
            }
        }
    }

    /// What a lane waits for, in a word: the line, and the last name of the expression.
    fn label(&self, step: &Step) -> String {
        let Some(place) = step.at.first().map(|place| &self.run.places[*place]) else {
            return String::new();
        };
        let end = place.text.find(['(', ' ']).unwrap_or(place.text.len());
        let path = &place.text[..end];
        let name = path.rsplit(['.', ':']).next().unwrap_or(path);
        let more = match step {
            Step { lost: true, .. } => ", no waker",
            step if step.at.len() > 1 => " …",
            _ => "",
        };
        format!("{} {name}{more}", place.line)
    }

    fn close(&mut self, behind: u32) {
        let end = self.x + behind;
        for lane in 0..self.doing.len() {
            self.change(lane, end, Doing::Nothing);
        }
        let (width, height) = self.run.picture;
        let (x, y) = (width - 22, height - 4);
        let _ = write!(
            self.texts,
            "<text x=\"{x}\" y=\"{y}\" text-anchor=\"end\">steps</text>"
        );
        let _ = write!(self.edges, "M{} {}h14m-4 -3l4 3l-4 3", x + 4, y - 4);
    }

    fn finish(self) -> String {
        let Run {
            name,
            picture: (width, height),
            ..
        } = self.run;
        let id = format!("run-{name}");
        // One that is too wide for its column keeps its size, and is scrolled.
        let wide = match *width > WIDTH {
            true => format!(" width=\"{width}\""),
            false => String::new(),
        };
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\"{wide} \
             role=\"img\" aria-labelledby=\"{id}-title {id}-desc\">\n\
             <title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-desc\">{}</desc>\n",
            escape(&title(self.run)),
            escape(&words(self.run)),
        );
        let mut path = |class: &str, data: &str| {
            if !data.is_empty() {
                let _ = writeln!(svg, "<path class=\"{class}\" d=\"{data}\"/>");
            }
        };
        path("r-line", &self.spawns);
        path("r-wait", &self.waits);
        path("r-ready", &self.ready);
        path("r-run", &self.bars);
        path("r-gap", &self.gaps);
        path("r-edge", &self.edges);
        path("r-wake", &self.arrows);
        path("r-head", &self.heads);
        path("r-print", &self.prints);
        path("r-done", &self.dots);
        path("r-fail", &self.crosses);
        let _ = writeln!(svg, "<g>{}</g>\n</svg>", self.texts);
        svg
    }
}

fn row(lane: usize) -> u32 {
    TOP + ROW * u32::try_from(lane).unwrap_or(0) + ROW / 2
}

fn letters(text: &str) -> u32 {
    u32::try_from(text.chars().count()).unwrap_or(0)
}

fn title(run: &Run) -> String {
    let names: Vec<&str> = run.lanes.iter().map(|lane| lane.name.as_str()).collect();
    match names.as_slice() {
        [only] => format!("Recorded run of {only}"),
        [most @ .., last] => format!("Recorded run of {} and {last}", most.join(", ")),
        [] => "Recorded run".to_owned(),
    }
}

/// The story in sentences: all of them, or the turns where they are too many.
fn words(run: &Run) -> String {
    let said = |step: &Step| plain(&step.say).replace('`', "");
    let all: Vec<String> = run.steps.iter().map(said).collect();
    let story = all.join(" ");
    if story.len() <= MOST_WORDS {
        return story;
    }
    let turns = run.steps.iter().filter(|step| {
        use Kind::{Budget, Cancel, Clock, Done, Panic, Print, Stop};
        matches!(
            step.kind,
            Stop | Budget | Done | Panic | Cancel | Print | Clock
        )
    });
    let mut story = String::new();
    let mut told = 0;
    for sentence in turns.map(said) {
        if story.len() + sentence.len() > MOST_WORDS {
            let _ = write!(
                story,
                "The player tells the rest, {} steps in all.",
                all.len()
            );
            break;
        }
        told += 1;
        let _ = write!(story, "{}{sentence}", if told > 1 { " " } else { "" });
    }
    story
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
