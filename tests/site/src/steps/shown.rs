//! What a page shows of a step: which lines it adds to the step before it, and which stay.

use std::fmt::Write as _;
use std::ops::Range;

use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices};

use super::Step;
use crate::listings;

/// Lines that stay visible around a change.
const CONTEXT: usize = 2;
/// Fewer lines than these are not worth folding.
const LEAST_FOLDED: usize = 4;
/// More removed lines than these in a row are shown when the reader asks what changed.
const MOST_REMOVED: usize = 4;
/// The part that is the whole file.
pub const WHOLE: &str = "all";

/// What happened to lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// As in the step before.
    Kept,
    /// Likewise, and folded.
    Folded,
    /// New in this step.
    Added,
    /// Of the step before, and not in this one.
    Removed,
    /// Likewise, and so many that they are shown on demand.
    ManyRemoved,
}

impl Kind {
    /// Whether its lines are of the step before.
    pub fn is_removed(self) -> bool {
        matches!(self, Kind::Removed | Kind::ManyRemoved)
    }

    fn sign(self) -> char {
        match self {
            Kind::Kept => '=',
            Kind::Folded => '~',
            Kind::Added => '+',
            Kind::Removed => '-',
            Kind::ManyRemoved => 'x',
        }
    }
}

/// Lines that follow each other: of the step, or of the step before if they are removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// What happened to them.
    pub kind: Kind,
    /// From 0, in the program without its anchors.
    pub lines: Range<usize>,
}

/// A part of a step, as a page shows it.
#[derive(Debug)]
pub struct Part<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its lines, in the program without its anchors.
    pub lines: Range<usize>,
    /// Its first line in the file, from 1.
    pub line: usize,
    /// Spaces before each of its lines.
    indent: usize,
    /// What happened to its lines.
    pub runs: Vec<Run>,
}

/// A step without its anchors.
pub struct Plain<'a> {
    /// Its lines.
    pub lines: Vec<&'a str>,
    /// The line of each in the file, from 1.
    pub numbers: Vec<usize>,
    /// The names of its parts, and the lines of each.
    pub parts: Vec<(&'a str, Range<usize>)>,
}

impl<'a> Plain<'a> {
    /// Takes the anchors out.
    pub fn of(step: &'a Step) -> Plain<'a> {
        let (mut lines, mut numbers, mut parts) = (Vec::new(), Vec::new(), Vec::new());
        let mut open: Vec<(&str, usize)> = Vec::new();
        for (number, line) in (1..).zip(step.text.lines()) {
            if let Some(part) = listings::opened(&step.file, line) {
                open.push((part, lines.len()));
            } else if let Some(part) = listings::closed(&step.file, line) {
                if let Some(at) = open.iter().rposition(|(name, _)| *name == part) {
                    let (name, start) = open.remove(at);
                    parts.push((name, start..lines.len()));
                }
            } else {
                lines.push(line);
                numbers.push(number);
            }
        }
        parts.push((WHOLE, 0..lines.len()));
        Plain {
            lines,
            numbers,
            parts,
        }
    }
}

/// The parts of a step, as pages show them. The first step has none before it.
pub fn parts<'a>(step: &'a Step, former: Option<&Step>) -> Vec<Part<'a>> {
    let plain = Plain::of(step);
    let changes = former.map(|former| changes(&Plain::of(former).lines, &plain.lines));
    let part = |(name, lines): &(&'a str, Range<usize>)| {
        let runs = match &changes {
            Some(changes) => folded(within(changes, lines), *name == WHOLE),
            None => vec![Run {
                kind: Kind::Kept,
                lines: lines.clone(),
            }],
        };
        let said = plain.lines[lines.clone()].iter();
        let said = said.filter(|line| !line.trim().is_empty());
        let indents = said.map(|line| line.len() - line.trim_start().len());
        Part {
            name,
            lines: lines.clone(),
            line: plain.numbers.get(lines.start).copied().unwrap_or(1),
            indent: indents.min().unwrap_or(0),
            runs,
        }
    };
    plain.parts.iter().map(part).collect()
}

/// A change, and where it stands in the later program.
type Change = (usize, Run);

fn changes(before: &[&str], after: &[&str]) -> Vec<Change> {
    let mut changes = Vec::new();
    let ops = capture_diff_slices(Algorithm::Patience, before, after);
    let adds = |op: Option<&DiffOp>| {
        op.is_some_and(|op| op.tag() != DiffTag::Equal && !op.new_range().is_empty())
    };
    for (at, op) in ops.iter().enumerate() {
        let (tag, old, new) = op.as_tag_tuple();
        let is_between = at > 0 && adds(ops.get(at - 1)) && adds(ops.get(at + 1));
        let is_added = tag != DiffTag::Equal || is_between && says_nothing(&after[new.clone()]);
        if matches!(tag, DiffTag::Delete | DiffTag::Replace) {
            let kind = match old.len() {
                0..=MOST_REMOVED => Kind::Removed,
                _ => Kind::ManyRemoved,
            };
            changes.push((new.start, Run { kind, lines: old }));
        }
        if !new.is_empty() {
            let kind = if is_added { Kind::Added } else { Kind::Kept };
            changes.push((new.start, Run { kind, lines: new }));
        }
    }
    changes
}

/// A brace between two added pieces is part of what is added, whichever brace it was before.
fn says_nothing(lines: &[&str]) -> bool {
    lines
        .iter()
        .all(|line| !line.contains(char::is_alphanumeric))
}

/// The changes within some lines. What is removed right above them belongs to them if something
/// stands in its place.
fn within(changes: &[Change], lines: &Range<usize>) -> Vec<Run> {
    let mut runs = Vec::new();
    for (at, (place, run)) in changes.iter().enumerate() {
        if run.kind.is_removed() {
            let is_replaced = changes
                .get(at + 1)
                .is_some_and(|(next, it)| next == place && it.kind == Kind::Added);
            let is_within = if is_replaced {
                lines.contains(place)
            } else {
                (lines.start < *place || lines.start == 0) && *place <= lines.end
            };
            if is_within {
                runs.push(run.clone());
            }
            continue;
        }
        let shared = run.lines.start.max(lines.start)..run.lines.end.min(lines.end);
        if !shared.is_empty() {
            runs.push(Run {
                kind: run.kind,
                lines: shared,
            });
        }
    }
    runs
}

/// Folds long runs of lines that stay, but for a few beside a change and the first and the last
/// line of a part.
fn folded(runs: Vec<Run>, is_whole: bool) -> Vec<Run> {
    let last = runs.len().saturating_sub(1);
    let edge = usize::from(!is_whole);
    let mut folded = Vec::new();
    for (at, run) in runs.into_iter().enumerate() {
        let head = if at == 0 { edge } else { CONTEXT };
        let tail = if at == last { edge } else { CONTEXT };
        let Range { start, end } = run.lines;
        if run.kind != Kind::Kept || end - start < head + tail + LEAST_FOLDED {
            folded.push(Run {
                kind: run.kind,
                lines: start..end,
            });
            continue;
        }
        let cut = [start, start + head, end - tail, end];
        for (bounds, kind) in cut.windows(2).zip([Kind::Kept, Kind::Folded, Kind::Kept]) {
            if bounds[0] < bounds[1] {
                let lines = bounds[0]..bounds[1];
                folded.push(Run { kind, lines });
            }
        }
    }
    folded
}

/// `shown.toml` of a system, for the templates and for the Markdown of pages.
pub fn text(steps: &[Step]) -> String {
    let mut text = String::from(
        "# Written by `BLESS=1 cargo test -p site --test site` from the programs beside it: what a page shows of each part.\n\
         # + added, - removed, x removed and shown on demand, = kept, ~ kept and folded; lines of the program without its\n\
         # anchors, of the former one if they are removed.\n",
    );
    for (at, step) in steps.iter().enumerate() {
        let former = at.checked_sub(1).map(|at| &steps[at]);
        let name = &step.name;
        let _ = writeln!(text, "\n[\"{name}\"]");
        if let Some(former) = former {
            let _ = writeln!(text, "former = \"{}\"", former.name);
        }
        for part in parts(step, former) {
            let runs = part.runs.iter().map(|run| {
                let Run { kind, lines } = run;
                format!("[\"{}\", {}, {}]", kind.sign(), lines.start + 1, lines.end)
            });
            let runs = runs.collect::<Vec<_>>().join(", ");
            let Part { line, indent, .. } = part;
            let _ = write!(
                text,
                "\n[\"{name}\".part.{}]\nline = {line}\nindent = {indent}\nruns = [{runs}]\n",
                part.name
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{parts, text};
    use crate::steps::Step;

    fn step(name: &str, text: &str) -> Step {
        Step {
            name: name.into(),
            file: format!("code/projects/x/steps/{name}.rs"),
            text: text.into(),
        }
    }

    /// The runs of a part, as `shown.toml` writes them.
    fn runs(before: &str, after: &str, part: &str) -> String {
        let (before, after) = (step("1_a", before), step("2_b", after));
        let parts = parts(&after, Some(&before));
        let part = parts.iter().find(|it| it.name == part).expect("a part");
        let runs = part.runs.iter().map(|run| {
            let lines = &run.lines;
            format!("{}{}-{}", run.kind.sign(), lines.start + 1, lines.end)
        });
        runs.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_new_is_told_from_what_stays_and_what_went() {
        assert_eq!(runs("a\nb\nc\n", "a\nx\nc\n", "all"), "=1-1 -2-2 +2-2 =3-3");
        assert_eq!(runs("a\nb\nc\n", "a\nc\n", "all"), "=1-1 -2-2 =2-2");
    }

    #[test]
    fn a_brace_between_added_lines_is_added_too() {
        let before = "fn a() {\n}\nend\n";
        let after = "fn b() {\n}\nfn c() {\n}\nend\n";
        assert!(!runs(before, after, "all").contains("=2-2"));
    }

    #[test]
    fn lines_that_stay_are_folded_but_for_two_beside_a_change() {
        let before = "1\n2\n3\n4\n5\n6\n7\n8\n";
        let after = format!("{before}new\n");
        assert_eq!(runs(before, &after, "all"), "~1-6 =7-8 +9-9");
    }

    #[test]
    fn a_part_keeps_its_first_and_its_last_line() {
        let before = "1\n2\n3\n4\n5\n6\n7\n8\n";
        let after = "0\n// ANCHOR: it\n1\n2\n3\n4\n5\n6\n7\n8\n// ANCHOR_END: it\n";
        assert_eq!(runs(before, after, "it"), "=2-2 ~3-8 =9-9");
    }

    #[test]
    fn many_removed_lines_wait_until_they_are_asked_for() {
        assert_eq!(
            runs("a\n1\n2\n3\n4\n5\nb\n", "a\nx\nb\n", "all"),
            "=1-1 x2-6 +2-2 =3-3"
        );
    }

    #[test]
    fn what_is_removed_belongs_to_the_part_that_it_stood_in() {
        let before = "a\nb\nc\nd\n";
        let after = "a\n// ANCHOR: it\nb\n// ANCHOR_END: it\nd\n";
        assert_eq!(runs(before, after, "it"), "=2-2 -3-3");
        let after = "a\nb\n// ANCHOR: it\nd\n// ANCHOR_END: it\n";
        assert_eq!(runs(before, after, "it"), "=3-3");
    }

    #[test]
    fn the_first_step_is_shown_as_it_stands() {
        let first = step("1_a", "x\n// ANCHOR: it\n    y\n// ANCHOR_END: it\n");
        let shown = text(&[first]);
        let it = "[\"1_a\".part.it]\nline = 3\nindent = 4\nruns = [[\"=\", 2, 2]]\n";
        assert!(shown.contains(it), "{shown}");
    }
}
