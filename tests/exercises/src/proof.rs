//! Judges exercises by compiling and running them.

use crate::compile::{Compiler, Crates, Module};
use crate::run::{Limits, Outcome, all_tests};
use crate::set::{Exercise, Kind, Set};
use crate::{Problem, text};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::OnceLock;
use std::{fs, io};

/// Proves the exercises of a set; those of one chapter are compiled and run together.
pub struct Proof<'a> {
    set: &'a Set,
    compiler: Compiler<'a>,
    limits: Limits,
    runs: usize,
    chapters: BTreeMap<&'a str, OnceLock<Chapter>>,
}

/// What rustc and the tests said of a chapter's files.
struct Chapter {
    files: HashMap<(Kind, String), Verdict>,
    unformatted: Vec<PathBuf>,
    /// What kept the chapter as a whole from being tried.
    problem: Option<Problem>,
}

enum Verdict {
    Refused(String),
    Ran(Vec<(String, Outcome)>),
}

impl<'a> Proof<'a> {
    /// Keeps its binaries in `work`; messages leave `base` out of paths.
    pub fn new(
        set: &'a Set,
        crates: &'a Crates,
        work: &'a Path,
        base: &'a Path,
        limits: Limits,
    ) -> Self {
        let compiler = Compiler { work, base, crates };
        let chapters = set
            .chapters()
            .into_iter()
            .map(|dir| (dir, OnceLock::new()))
            .collect();
        Self {
            set,
            compiler,
            limits,
            runs: 1,
            chapters,
        }
    }

    /// Runs all tests so many times: a solution must pass each time, and a wrong idea never.
    pub fn with_runs(self, runs: usize) -> Self {
        Self { runs, ..self }
    }

    /// What is wrong with an exercise.
    pub fn problems(&self, exercise: &'a Exercise) -> Vec<Problem> {
        let mut problems = text::problems(self.set, exercise);
        let chapter =
            self.chapters[exercise.dir.as_str()].get_or_init(|| self.chapter(&exercise.dir));
        problems.extend(chapter.problem.clone());
        for kind in Kind::ALL {
            let place = Set::place(kind, exercise);
            if chapter.unformatted.contains(&self.set.path(kind, exercise)) {
                let fix = format!("run `rustfmt --edition 2024 {place}`");
                problems.push(Problem::new(&place, "is not formatted", fix));
            }
            let Some(verdict) = chapter.files.get(&(kind, exercise.name().to_owned())) else {
                continue; // Missing, which the text's check has said, or in the reader's hands.
            };
            match verdict {
                Verdict::Refused(said) => problems.extend(refused(kind, exercise, said)),
                Verdict::Ran(_) if kind == Kind::Given && !exercise.compiles => {
                    problems.push(Problem::new(
                        &place,
                        "compiles, though info.toml says `compiles = false`",
                        "remove that key, or let the file be refused again",
                    ));
                }
                Verdict::Ran(tests) => problems.extend(judged(kind, &place, tests)),
            }
        }
        problems
    }

    fn chapter(&self, dir: &str) -> Chapter {
        let mut chapter = Chapter {
            files: HashMap::new(),
            unformatted: Vec::new(),
            problem: None,
        };
        let (mut modules, mut files) = (Vec::new(), Vec::new());
        for kind in Kind::ALL {
            for exercise in self
                .set
                .exercises
                .iter()
                .filter(|exercise| exercise.dir == dir)
            {
                let path = self.set.path(kind, exercise);
                let in_hand = kind == Kind::Given && self.set.in_hand.contains(exercise.name());
                if in_hand || !path.exists() {
                    continue;
                }
                let file = path.clone();
                let path = match kind {
                    Kind::Wrong => self.with_tests(exercise),
                    Kind::Given | Kind::Solution => Ok(path),
                };
                let Ok(path) = path else {
                    continue; // Its solution is missing, which the text's check has said.
                };
                let strict = kind == Kind::Solution;
                let name = exercise.name().to_owned();
                let module = Module {
                    group: kind.folder(),
                    name: name.clone(),
                    path,
                    strict,
                };
                if kind == Kind::Given && !exercise.compiles {
                    let verdict = match self.compiler.check(&module) {
                        Ok(()) => Verdict::Ran(Vec::new()),
                        Err(said) => Verdict::Refused(said),
                    };
                    chapter.files.insert((kind, name), verdict);
                } else {
                    files.push(file);
                    modules.push((kind, module));
                }
            }
        }
        chapter.unformatted = unformatted(files.into_iter());

        let binary = self.binary(dir, &mut modules, &mut chapter);
        let ran = binary.and_then(|binary| {
            (0..self.runs).try_for_each(|_| {
                let outcomes = all_tests(&binary, self.limits)
                    .map_err(|error| format!("{} does not run: {error}", binary.display()))?;
                chapter.add(&modules, &outcomes);
                Ok(())
            })
        });
        if let Err(said) = ran {
            let place = format!("{}/{dir}", crate::set::HOME);
            chapter.problem = Some(Problem::new(
                place,
                format!("its files compile one by one, but not together:\n{said}"),
                "give names that leave their file (`#[macro_export]`, `#[no_mangle]`) another name",
            ));
        }
        chapter
    }

    /// A copy of the wrong idea with the tests of the solution: those of the exercise may be the reader's.
    fn with_tests(&self, exercise: &Exercise) -> io::Result<PathBuf> {
        let wrong = fs::read_to_string(self.set.path(Kind::Wrong, exercise))?;
        let solution = fs::read_to_string(self.set.path(Kind::Solution, exercise))?;
        let path = self
            .compiler
            .work
            .join(format!("{}_wrong.rs", exercise.name()));
        // Moved into its place, so that two runs at once read it whole.
        let scratch = path.with_added_extension(process::id().to_string());
        fs::create_dir_all(self.compiler.work)?;
        fs::write(&scratch, wrong + "\n" + text::tests_of(&solution))?;
        fs::rename(&scratch, &path)?;
        Ok(path)
    }

    /// The test binary of the files that compile; moves the others from `modules` to `chapter`.
    fn binary(
        &self,
        dir: &str,
        modules: &mut Vec<(Kind, Module)>,
        chapter: &mut Chapter,
    ) -> Result<PathBuf, String> {
        let compile = |modules: &[(Kind, Module)]| {
            let modules: Vec<_> = modules.iter().map(|(_, module)| module.clone()).collect();
            self.compiler.test_binary(dir, &modules)
        };
        compile(modules).or_else(|_| {
            modules.retain(|(kind, module)| match self.compiler.check(module) {
                Ok(()) => true,
                Err(said) => {
                    chapter
                        .files
                        .insert((*kind, module.name.clone()), Verdict::Refused(said));
                    false
                }
            });
            compile(modules)
        })
    }
}

impl Chapter {
    /// Notes what came of one run. What an earlier one has found wrong stays.
    fn add(&mut self, modules: &[(Kind, Module)], outcomes: &BTreeMap<String, Outcome>) {
        for (kind, module) in modules {
            let file = (*kind, module.name.clone());
            if let Some(Verdict::Ran(tests)) = self.files.get(&file)
                && !judged(*kind, "", tests).is_empty()
            {
                continue;
            }
            let prefix = format!("{}::{}::tests::", module.group, module.name);
            let tests = outcomes.iter().filter_map(|(test, outcome)| {
                Some((test.strip_prefix(&prefix)?.to_owned(), outcome.clone()))
            });
            self.files.insert(file, Verdict::Ran(tests.collect()));
        }
    }
}

fn refused(kind: Kind, exercise: &Exercise, said: &str) -> Option<Problem> {
    let fix = match kind {
        Kind::Given if !exercise.compiles => return None,
        Kind::Given => {
            "make it compile, or, where being refused is the exercise, write `compiles = false` in info.toml"
        }
        Kind::Solution => "make it compile without a warning",
        Kind::Wrong => "make it compile: what rustc refuses needs no test to reject it",
    };
    let what = format!("does not compile:\n{}", indented(said));
    Some(Problem::new(Set::place(kind, exercise), what, fix))
}

fn judged(kind: Kind, place: &str, tests: &[(String, Outcome)]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (test, outcome) in tests {
        let (what, fix) = match outcome {
            Outcome::Hung => (
                format!("the test `{test}` hangs"),
                "give the test a `timeout`: Rustlings has none, so a reader's terminal would hang",
            ),
            Outcome::Died(said) => (
                format!(
                    "the test `{test}` ends the whole process:\n{}",
                    indented(said)
                ),
                "let it fail by a panic, so that the other tests are still reported",
            ),
            Outcome::Failed(said) if kind == Kind::Solution => (
                format!("the test `{test}` fails:\n{}", indented(said)),
                "fix the solution, or the test in all files of the exercise",
            ),
            Outcome::Passed | Outcome::Failed(_) => continue,
        };
        problems.push(Problem::new(place, what, fix));
    }
    let passed = tests.iter().all(|(_, outcome)| *outcome == Outcome::Passed);
    let (what, fix) = match kind {
        _ if tests.is_empty() => ("has no test that runs", "write at least one `#[test]`"),
        Kind::Given if passed => (
            "is solved already: all its tests pass",
            "put `todo!()` back; if you solved it as a reader, run it with `rustlings run` once, and it counts as yours",
        ),
        Kind::Wrong if passed => (
            "the tests accept this wrong solution",
            "add a test that fails for it, in all files of the exercise",
        ),
        _ => return problems,
    };
    problems.push(Problem::new(place, what, fix));
    problems
}

/// Those of `files` that rustfmt would change; without rustfmt, none.
fn unformatted(files: impl Iterator<Item = PathBuf>) -> Vec<PathBuf> {
    let mut rustfmt = Command::new("rustfmt");
    rustfmt.args([
        "--check",
        "--files-with-diff",
        "--edition",
        "2024",
        "--config",
        "style_edition=2024",
    ]);
    let Ok(output) = rustfmt.args(files).output() else {
        return Vec::new();
    };
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(PathBuf::from)
        .collect()
}

fn indented(said: &str) -> String {
    said.trim()
        .lines()
        .map(|line| format!("    {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}
