//! Who takes part, and what they are called.

use crate::raw::What;
use crate::run::{Kind, Lane, LaneKind};
use crate::words::shorten;

use super::{Actor, Status, Teller};

/// The longest name of a lane, so that the lanes of the picture have room.
const LONGEST_NAME: usize = 20;

/// Stands around a lane's number in a sentence until the lanes have their names.
const NUMBER: char = '\u{1}';

impl Teller<'_> {
    /// A task is made, or `block_on` is called.
    pub fn spawn(&mut self, what: &What, by: Option<usize>) {
        let What::Spawn {
            task,
            id,
            kind,
            name,
            file,
            line,
            column,
        } = what
        else {
            return;
        };
        if file.contains("/runtime/scheduler/") {
            // A worker of the runtime, which is a thread and no task of the program.
            self.of_task.insert(*task, None);
            return;
        }
        let lane = self.actors.len();
        self.of_task.insert(*task, Some(lane));
        let kind = match kind.as_str() {
            "block_on" => LaneKind::Main,
            "blocking" => LaneKind::Blocking,
            _ => LaneKind::Task,
        };
        let ours = self.program.line(file, *line);
        let blocks = kind == LaneKind::Main;
        let call = self.program.spawn_at(file, *line, *column, blocks);
        let of_main = self.program.line_of_main();
        let line = match kind {
            LaneKind::Main if call.is_none() => of_main.or(ours),
            _ => ours,
        };
        let name = match (kind, call) {
            _ if !name.is_empty() => name.clone(),
            (_, Some(call)) if !call.name.is_empty() => shorten(&call.name, LONGEST_NAME),
            (LaneKind::Main, _) => "main".to_owned(),
            (LaneKind::Blocking, None) => "blocking pool".to_owned(),
            _ if ours.is_none() => "inner task".to_owned(),
            // It has no name in the program: `name_lanes` calls it after its line.
            _ => String::new(),
        };
        self.actors.push(Actor {
            lane: Lane {
                name,
                kind,
                line: line.unwrap_or(1),
            },
            status: Status::Ready,
            body: call
                .and_then(|call| self.program.body_of(call))
                .or(line)
                .unwrap_or(1),
            id: id.clone(),
            ran: false,
            finished: false,
            resumed: None,
            offered: None,
            passed: None,
        });
        let say = self.spawned(lane, kind, by);
        let step = self.push(Kind::Spawn, Some(lane), say);
        step.by = by;
        step.line = line;
    }

    fn spawned(&self, lane: usize, kind: LaneKind, by: Option<usize>) -> String {
        let name = self.who(lane);
        match (kind, by.map(|by| self.who(by))) {
            (LaneKind::Main, _) => format!("The runtime is about to run {name}."),
            (LaneKind::Blocking, Some(by)) => {
                format!("{by} hands {name} to a thread of the blocking pool.")
            }
            (LaneKind::Blocking, None) => {
                format!("{name} is handed to a thread of the blocking pool.")
            }
            (_, Some(by)) => format!("{by} spawns {name}, which has not run yet."),
            (_, None) => format!("{name} is spawned and has not run yet."),
        }
    }

    /// How a sentence names a lane until the lanes have their names.
    pub fn who(&self, lane: usize) -> String {
        format!("*{NUMBER}{lane}{NUMBER}*")
    }

    /// Numbers the lanes that the program gives one name or none, and puts the names into the
    /// sentences.
    pub fn name_lanes(&mut self) {
        let given: Vec<(String, usize)> = self
            .actors
            .iter()
            .map(|actor| (actor.lane.name.clone(), actor.lane.line))
            .collect();
        let twins = |index: usize, until: usize| {
            let (name, line) = &given[index];
            let is_twin =
                |(other, at): &&(String, usize)| other == name && (!name.is_empty() || at == line);
            given[..until].iter().filter(is_twin).count()
        };
        let program = self.program;
        let own = |line: usize| program.place_of(line).map_or(line, |(_, own)| own);
        for (index, actor) in self.actors.iter_mut().enumerate() {
            let number = 1 + twins(index, index);
            let only = twins(index, given.len()) == 1;
            let (name, line) = (&given[index].0, given[index].1);
            actor.lane.name = match (name.is_empty(), only) {
                (true, true) => format!("task of line {}", own(line)),
                (true, false) => format!("task {number} of line {}", own(line)),
                (false, true) => name.clone(),
                (false, false) => format!("{name} #{number}"),
            };
        }
        for step in &mut self.steps {
            // Between two marks stands the number of a lane.
            let pieces = step.say.split(NUMBER).enumerate();
            step.say = pieces
                .map(|(at, piece)| match piece.parse::<usize>() {
                    Ok(lane) if at % 2 == 1 => &self.actors[lane].lane.name,
                    _ => piece,
                })
                .collect();
        }
    }
}
