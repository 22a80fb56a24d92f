//! Cuts a long run into windows, each of which begins with what every lane does at its start.

use std::collections::BTreeSet;

use crate::picture;
use crate::run::{Clock, Kind, Run, Step};
use crate::words::time;

/// The most steps of a window, as of a run of the book.
pub const MOST_STEPS: usize = 400;

/// The most lanes of a window.
pub const MOST_LANES: usize = 40;

/// A part of a run.
#[derive(Debug)]
pub struct Window {
    /// Its first step in the whole run, from 1.
    pub first: usize,
    /// Its last step.
    pub last: usize,
    /// How many lanes it leaves out.
    pub hidden: usize,
    /// The part as a run of its own, laid out for its picture.
    pub run: Run,
}

/// What a lane does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// It is not there yet, or no more.
    Nothing,
    /// It could run.
    Ready,
    /// It is being polled.
    Running,
    /// It waits.
    Waiting,
}

/// What a lane does after some steps, and the step that told it last.
#[derive(Debug, Clone, Copy)]
pub struct State<'a> {
    /// What it does.
    pub doing: Doing,
    woken: bool,
    /// The step that told where it stopped, or that it runs.
    pub step: Option<&'a Step>,
}

/// What every lane does after these steps: what static/js/run-state.js finds out too.
pub fn states<'a>(lanes: usize, steps: &'a [Step]) -> Vec<State<'a>> {
    let nothing = State {
        doing: Doing::Nothing,
        woken: false,
        step: None,
    };
    let mut states = vec![nothing; lanes];
    for step in steps {
        let Some(state) = step.lane.and_then(|lane| states.get_mut(lane)) else {
            continue;
        };
        let stops = matches!(step.kind, Kind::Stop | Kind::Budget);
        if step.kind == Kind::Wake && state.doing == Doing::Running {
            state.woken = true; // it runs on, and is ready as soon as it stops
            continue;
        }
        state.doing = match step.kind {
            Kind::Spawn | Kind::Wake => Doing::Ready,
            Kind::Run => Doing::Running,
            Kind::Stop | Kind::Budget if state.woken => Doing::Ready,
            Kind::Stop | Kind::Budget => Doing::Waiting,
            Kind::Done | Kind::Panic | Kind::Cancel => Doing::Nothing,
            _ => continue,
        };
        if step.kind != Kind::Wake {
            state.step = Some(step);
        }
        if stops || step.kind == Kind::Run {
            state.woken = false;
        }
    }
    states
}

/// The windows of a run, in order; at least one.
pub fn cut(run: &Run) -> Vec<Window> {
    let starts = (0..run.steps.len()).step_by(MOST_STEPS);
    starts.map(|start| window(run, start)).collect()
}

fn window(run: &Run, start: usize) -> Window {
    let end = (start + MOST_STEPS).min(run.steps.len());
    let steps = &run.steps[start..end];
    let before = states(run.lanes.len(), &run.steps[..start]);
    let lives = |lane: &usize| before[*lane].doing != Doing::Nothing;
    let acting: BTreeSet<usize> = steps.iter().filter_map(|step| step.lane).collect();
    let still = (0..run.lanes.len()).filter(|lane| lives(lane) && !acting.contains(lane));
    let all: Vec<usize> = acting.iter().copied().chain(still).collect();
    let mut shown = all[..all.len().min(MOST_LANES)].to_vec();
    shown.sort_unstable();
    let number = |lane: usize| shown.iter().position(|shown| *shown == lane);

    let mut told: Vec<Step> = Vec::new();
    let clock = run.steps[..start]
        .iter()
        .rev()
        .find(|step| step.kind == Kind::Clock);
    if let Some(clock) = clock.filter(|_| run.clock == Clock::Virtual) {
        let ms = clock.ms.unwrap_or(0);
        let mut step = Step::new(Kind::Clock, None, format!("The clock is at {}.", time(ms)));
        step.ms = Some(ms);
        told.push(step);
    }
    for (number, lane) in shown.iter().enumerate().filter(|(_, lane)| lives(lane)) {
        let mut step = earlier(&run.lanes[*lane].name, before[*lane]);
        step.lane = Some(number);
        told.push(step);
    }
    told.extend(steps.iter().filter_map(|step| {
        let mut step = step.clone();
        step.by = step.by.and_then(number);
        step.lane = match step.lane {
            Some(lane) => Some(number(lane)?),
            None => None,
        };
        Some(step)
    }));
    let mut part = Run {
        lanes: shown.iter().map(|lane| run.lanes[*lane].clone()).collect(),
        steps: told,
        ..run.clone()
    };
    picture::lay_out(&mut part);
    Window {
        first: start + 1,
        last: end,
        hidden: all.len() - shown.len(),
        run: part,
    }
}

/// A step that says what a lane did before the window.
fn earlier(name: &str, state: State<'_>) -> Step {
    let (kind, say) = match state.doing {
        Doing::Running => (Kind::Run, format!("*{name}* runs.")),
        Doing::Waiting => {
            let said = state.step.map_or("", |step| step.say.as_str());
            (Kind::Stop, format!("From before: {said}"))
        }
        _ => (Kind::Spawn, format!("*{name}* is ready to run.")),
    };
    let mut step = Step::new(kind, None, say);
    if let Some(told) = state.step.filter(|_| state.doing == Doing::Waiting) {
        step.at.clone_from(&told.at);
        step.on.clone_from(&told.on);
        step.line = told.line;
        step.lost = told.lost;
    }
    step
}

/// Leaves out of a run the files in which nothing happens.
///
/// `files` says how many lines stand before each file. Returned are the files that are left, and
/// how many lines stand before each of them now.
pub fn keep_used(run: &mut Run, files: &[usize]) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = run.source.split_inclusive('\n').collect();
    let file_of = |line: usize| files.partition_point(|before| *before < line) - 1;
    let of_steps = run.steps.iter().filter_map(|step| step.line);
    let of_lanes = run.lanes.iter().map(|lane| lane.line);
    let of_places = run.places.iter().map(|place| place.line);
    let used: BTreeSet<usize> = of_steps
        .chain(of_places)
        .chain(of_lanes)
        .map(file_of)
        .collect();
    let mut source = String::new();
    let mut kept = Vec::new();
    // For each file, by how many lines and letters it moves to the front.
    let mut moves = vec![(0, 0); files.len()];
    let (mut line, mut letter) = (0, 0);
    for (index, start) in files.iter().enumerate() {
        let end = files.get(index + 1).copied().unwrap_or(lines.len());
        let text = lines[*start..end].concat();
        moves[index] = (line, letter);
        if used.contains(&index) {
            kept.push((index, start - line));
            source.push_str(&text);
        } else {
            line += end - start;
            letter += text.encode_utf16().count();
        }
    }
    for step in &mut run.steps {
        step.line = step.line.map(|line| line - moves[file_of(line)].0);
    }
    for lane in &mut run.lanes {
        lane.line -= moves[file_of(lane.line)].0;
    }
    for place in &mut run.places {
        let (lines, letters) = moves[file_of(place.line)];
        place.line -= lines;
        place.span = (place.span.0 - letters, place.span.1 - letters);
    }
    run.source = source;
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::tests::run;

    /// A run in which a lane is polled and stops, again and again.
    fn long(steps: usize) -> Run {
        let mut run = run();
        let template = run.steps[1].clone();
        run.steps.truncate(1);
        for number in 1..steps {
            let mut step = template.clone();
            step.kind = if number % 2 == 1 {
                Kind::Run
            } else {
                Kind::Stop
            };
            step.at = if number % 2 == 1 { vec![] } else { vec![0] };
            step.say = format!("*main* {number}.");
            run.steps.push(step);
        }
        run
    }

    #[test]
    fn a_short_run_is_one_window() {
        let windows = cut(&long(MOST_STEPS));
        let [window] = windows.as_slice() else {
            panic!("{} windows", windows.len())
        };
        assert_eq!(
            (window.first, window.last, window.hidden),
            (1, MOST_STEPS, 0)
        );
        assert_eq!(window.run.steps.len(), MOST_STEPS);
    }

    #[test]
    fn a_later_window_begins_with_what_its_lanes_do() {
        let windows = cut(&long(MOST_STEPS + 2));
        assert_eq!((windows[1].first, windows[1].last), (401, 402));
        let says: Vec<&str> = windows[1]
            .run
            .steps
            .iter()
            .map(|step| step.say.as_str())
            .collect();
        assert_eq!(says, ["*main* runs.", "*main* 400.", "*main* 401."]);
        let run = &windows[1].run;
        assert_eq!(states(1, &run.steps)[0].doing, Doing::Running);
    }

    #[test]
    fn lanes_that_are_too_many_are_counted() {
        let mut run = run();
        let lane = run.lanes[0].clone();
        for number in 1..=MOST_LANES {
            run.lanes.push(lane.clone());
            let mut step = run.steps[0].clone();
            step.lane = Some(number);
            run.steps.push(step);
        }
        let window = &cut(&run)[0];
        assert_eq!((window.run.lanes.len(), window.hidden), (MOST_LANES, 1));
        window.run.check_whole().unwrap();
    }

    #[test]
    fn a_file_in_which_nothing_happens_is_left_out() {
        let mut run = run();
        run.source = format!("mod a;\n{}", run.source);
        let moved = |line: usize| line + 1;
        for step in &mut run.steps {
            step.line = step.line.map(moved);
        }
        run.lanes[0].line += 1;
        run.places[0].line += 1;
        run.places[0].span = (29, 35);
        let kept = keep_used(&mut run, &[0, 1]);
        assert_eq!(kept, [(1, 0)]);
        assert_eq!(run, crate::run::tests::run());
    }
}
