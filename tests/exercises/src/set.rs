//! The set as `info.toml` and the folders describe it.

use crate::Problem;
use serde::Deserialize;
use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// Where messages say the set is.
pub const HOME: &str = "code/exercises";

/// All exercises, in the order in which readers meet them.
pub struct Set {
    /// The folder with `info.toml`.
    pub root: PathBuf,
    /// What `info.toml` says of each exercise.
    pub exercises: Vec<Exercise>,
    /// The exercises that the reader at this machine has solved or is solving, as Rustlings noted
    /// them: those files are the reader's, and not held to "as given".
    pub in_hand: HashSet<String>,
    info: String,
}

/// An entry of `info.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exercise {
    name: Spanned<String>,
    /// The chapter: `ch01`.
    pub dir: String,
    /// What the exercise trains, in a phrase.
    pub trains: String,
    /// How long it takes.
    pub minutes: u32,
    /// 1 gentle, 2 medium, 3 demanding.
    pub level: u8,
    /// What Rustlings shows on request.
    pub hint: String,
    /// Whether rustc accepts the exercise as given.
    #[serde(default = "yes")]
    pub compiles: bool,
}

impl Exercise {
    /// The stem of its files.
    pub fn name(&self) -> &str {
        self.name.get_ref()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Info {
    format_version: u8,
    #[serde(rename = "welcome_message")]
    _welcome_message: String,
    #[serde(rename = "final_message")]
    _final_message: String,
    exercises: Vec<Exercise>,
}

fn yes() -> bool {
    true
}

/// The three files of an exercise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `exercises/`: as the reader gets it.
    Given,
    /// `solutions/`.
    Solution,
    /// `wrong/`: the tempting mistake, without tests.
    Wrong,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 3] = [Kind::Given, Kind::Solution, Kind::Wrong];

    /// The folder it stands in.
    pub fn folder(self) -> &'static str {
        match self {
            Kind::Given => "exercises",
            Kind::Solution => "solutions",
            Kind::Wrong => "wrong",
        }
    }
}

impl Set {
    /// Reads `info.toml` and what Rustlings noted about this reader.
    pub fn read(root: &Path) -> Result<Set, Problem> {
        let place = format!("{HOME}/info.toml");
        let fix = "compare with the entry of `ch01_first_join` in the same file";
        let info = fs::read_to_string(root.join("info.toml"))
            .map_err(|error| Problem::new(&place, format!("cannot be read: {error}"), fix))?;
        let parsed: Info = toml::from_str(&info).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(&info, span.start));
            Problem::new(format!("{place}:{line}"), error.message(), fix)
        })?;
        if parsed.format_version != 1 {
            let what = format!("format_version is {}", parsed.format_version);
            return Err(Problem::new(
                place,
                what,
                "Rustlings 6 reads format_version = 1",
            ));
        }
        let state = fs::read_to_string(root.join(".rustlings-state.txt")).unwrap_or_default();
        let in_hand = state.lines().skip(2).filter(|line| !line.is_empty());
        Ok(Set {
            root: root.to_owned(),
            exercises: parsed.exercises,
            in_hand: in_hand.map(str::to_owned).collect(),
            info,
        })
    }

    /// The chapters that have exercises, in order.
    pub fn chapters(&self) -> BTreeSet<&str> {
        self.exercises
            .iter()
            .map(|exercise| exercise.dir.as_str())
            .collect()
    }

    /// One file of an exercise.
    pub fn path(&self, kind: Kind, exercise: &Exercise) -> PathBuf {
        self.root
            .join(kind.folder())
            .join(&exercise.dir)
            .join(format!("{}.rs", exercise.name()))
    }

    /// That file as messages name it.
    pub fn place(kind: Kind, exercise: &Exercise) -> String {
        format!(
            "{HOME}/{}/{}/{}.rs",
            kind.folder(),
            exercise.dir,
            exercise.name()
        )
    }

    /// What is wrong with the entries of `info.toml`, and with files that no entry names.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut names = HashSet::new();
        for (index, exercise) in self.exercises.iter().enumerate() {
            let line = line_of(&self.info, exercise.name.span().start);
            let mut refuse = |what: String, fix: &str| {
                let place = format!("{HOME}/info.toml:{line}");
                problems.push(Problem::new(
                    place,
                    format!("{}: {what}", exercise.name()),
                    fix,
                ));
            };
            let name = exercise.name();
            if !names.insert(name) {
                refuse("the name is taken".into(), "rename its files and its entry");
            }
            if name.len() > 32 {
                refuse(
                    format!("the name has {} characters", name.len()),
                    "Rustlings allows 32",
                );
            }
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            if !name.chars().all(plain) {
                refuse(
                    "the name has other characters than a-z, 0-9 and _".into(),
                    "rename it; the name becomes a Rust module",
                );
            }
            let chapter = exercise.dir.strip_prefix("ch");
            if !chapter.is_some_and(|n| n.len() == 2 && n.chars().all(|c| c.is_ascii_digit())) {
                refuse(
                    format!("dir is `{}`", exercise.dir),
                    "write `ch` and two digits: `ch07`",
                );
            }
            if !name.starts_with(&format!("{}_", exercise.dir)) {
                refuse(
                    format!("the name does not begin with `{}_`", exercise.dir),
                    "begin with the chapter: `ch07_first_timeout`",
                );
            }
            let trains = exercise.trains.trim();
            if trains.is_empty() || trains.len() > 72 || trains.ends_with('.') {
                refuse(
                    format!("trains is `{trains}`"),
                    "write one phrase of at most 72 characters, without a full stop",
                );
            }
            if trains == "what it trains, in a phrase" {
                refuse(
                    "trains is still the template's".into(),
                    "say what the exercise trains",
                );
            }
            if !(3..=15).contains(&exercise.minutes) {
                refuse(
                    format!("minutes is {}", exercise.minutes),
                    "an exercise takes 3 to 15 minutes with the chapter open; split a longer one",
                );
            }
            if !(1..=3).contains(&exercise.level) {
                refuse(
                    format!("level is {}", exercise.level),
                    "write 1 (gentle), 2 (medium) or 3 (demanding)",
                );
            }
            if exercise.hint.trim().is_empty() {
                refuse(
                    "the hint is empty".into(),
                    "nudge, then say how to go about it",
                );
            }
            if let Some(next) = self.exercises.get(index + 1) {
                if next.dir < exercise.dir {
                    refuse(
                        format!("{} of an earlier chapter follows", next.name()),
                        "keep the entries in the order of the chapters",
                    );
                }
                if next.dir == exercise.dir && next.level < exercise.level {
                    refuse(
                        format!("the gentler {} follows", next.name()),
                        "order the exercises of a chapter from gentle to demanding",
                    );
                }
            }
        }
        problems.extend(self.files_without_an_entry());
        problems
    }

    fn files_without_an_entry(&self) -> Vec<Problem> {
        let mut known = HashSet::new();
        for exercise in &self.exercises {
            known.extend(Kind::ALL.map(|kind| self.path(kind, exercise)));
        }
        let mut problems = Vec::new();
        for kind in Kind::ALL {
            for path in files_below(&self.root.join(kind.folder())) {
                if path.file_name().is_some_and(|name| name != "README.md")
                    && !known.contains(&path)
                {
                    let inside = path.strip_prefix(&self.root).unwrap_or(&path).display();
                    problems.push(Problem::new(
                        format!("{HOME}/{inside}"),
                        "info.toml has no entry for it",
                        "add an entry, or delete the file",
                    ));
                }
            }
        }
        problems
    }

    /// The `bin` list of the set's Cargo.toml, as `rustlings dev update` writes it.
    pub fn bin_list(&self) -> String {
        let mut list = String::from("\n");
        for exercise in &self.exercises {
            let (dir, name) = (&exercise.dir, exercise.name());
            list += &format!("  {{ name = \"{name}\", path = \"exercises/{dir}/{name}.rs\" }},\n");
            if self.path(Kind::Solution, exercise).exists() {
                list += &format!(
                    "  {{ name = \"{name}_sol\", path = \"solutions/{dir}/{name}.rs\" }},\n"
                );
            }
        }
        list
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn line_of(text: &str, offset: usize) -> usize {
    text[..offset.min(text.len())].matches('\n').count() + 1
}
