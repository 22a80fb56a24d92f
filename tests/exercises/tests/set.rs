//! One test an exercise: `cargo test -p exercises ch01_first_join`, or `ch01` for a chapter.
//! `EXERCISES_RUNS=500 cargo test -p exercises ch01` finds tests that pass or fail by luck.

use exercises::compile::Crates;
use exercises::proof::Proof;
use exercises::run::Limits;
use exercises::set::{Exercise, Set};
use exercises::{Problem, dependencies};
use libtest_mimic::{Arguments, Failed, Trial};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{LazyLock, OnceLock};
use std::time::Duration;

const LIMITS: Limits = Limits {
    all: Duration::from_secs(60),
    one: Duration::from_secs(10),
};

/// The variable that says how often all tests are run.
const RUNS: &str = "EXERCISES_RUNS";

/// A chapter that is published comes with at least this many exercises.
const AT_LEAST: usize = 5;

static BOOK: LazyLock<PathBuf> = LazyLock::new(|| {
    Path::new("../..")
        .canonicalize()
        .expect("the workspace is there")
});
static WORK: LazyLock<PathBuf> =
    // target/debug/deps/set-0123456789abcdef
    LazyLock::new(|| {
        let program = std::env::current_exe().expect("a test knows where it is");
        let target = program.ancestors().nth(3).expect("cargo has built it");
        target.join("tmp/exercises")
    });
static SET: OnceLock<Set> = OnceLock::new();

static PROOF: LazyLock<Result<Proof<'static>, Problem>> = LazyLock::new(|| {
    static CRATES: OnceLock<Crates> = OnceLock::new();
    let set = SET.get().expect("`main` has read it");
    let crates = Crates::ask_cargo(&dependencies::names(set)?)?;
    let crates = CRATES.get_or_init(|| crates);
    Ok(Proof::new(set, crates, &WORK, &BOOK, LIMITS).with_runs(runs()?))
});

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = match Set::read(&BOOK.join("code/exercises")) {
        Ok(set) => trials(SET.get_or_init(|| set)),
        Err(problem) => vec![Trial::test("info", move || report(vec![problem]))],
    };
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trials(set: &'static Set) -> Vec<Trial> {
    let mut trials = vec![
        Trial::test("info", || report(set.problems())),
        Trial::test("dependencies", || {
            report(dependencies::problems(set, &BOOK))
        }),
        Trial::test("every_chapter_has_exercises", || {
            report(chapters_short_of_exercises(set))
        }),
    ];
    // The first exercise of each chapter, then the second of each, …: two threads that take the next
    // two tests then work on two chapters, and do not wait for one.
    let mut exercises: Vec<(usize, &Exercise)> = Vec::new();
    for exercise in &set.exercises {
        let nth = exercises
            .iter()
            .filter(|(_, other)| other.dir == exercise.dir)
            .count();
        exercises.push((nth, exercise));
    }
    exercises.sort_by_key(|(nth, exercise)| (*nth, exercise.dir.as_str()));
    trials.extend(exercises.into_iter().map(|(_, exercise)| {
        Trial::test(exercise.name(), || match &*PROOF {
            Ok(proof) => report(proof.problems(exercise)),
            Err(problem) => report(vec![problem.clone()]),
        })
    }));
    trials
}

/// How often all tests are run: `EXERCISES_RUNS` times, or once.
fn runs() -> Result<usize, Problem> {
    let Some(runs) = std::env::var_os(RUNS) else {
        return Ok(1);
    };
    let number = runs.to_str().and_then(|runs| runs.parse().ok());
    number.filter(|&runs| runs > 0).ok_or_else(|| Problem {
        place: RUNS.to_owned(),
        what: format!("{runs:?} is no number of runs"),
        fix: format!("say how many: `{RUNS}=500 cargo test -p exercises`"),
    })
}

fn chapters_short_of_exercises(set: &Set) -> Vec<Problem> {
    let mut problems = Vec::new();
    for part in std::fs::read_dir(BOOK.join("content"))
        .into_iter()
        .flatten()
        .flatten()
    {
        for chapter in std::fs::read_dir(part.path())
            .into_iter()
            .flatten()
            .flatten()
        {
            let name = chapter.file_name().to_string_lossy().into_owned();
            let Some((dir, _)) = name.split_once('-') else {
                continue;
            };
            let numbered = dir.len() == 4 && dir.starts_with("ch") && name.ends_with(".md");
            let count = set
                .exercises
                .iter()
                .filter(|exercise| exercise.dir == dir)
                .count();
            if numbered && count < AT_LEAST {
                problems.push(Problem {
                    place: format!("content/{}/{name}", part.file_name().to_string_lossy()),
                    what: format!("has {count} exercises, and a chapter has {AT_LEAST} or more"),
                    fix: format!("run `cargo xtask new exercise {dir}_…`"),
                });
            }
        }
    }
    problems.sort_by(|one, other| one.place.cmp(&other.place));
    problems
}

fn report(problems: Vec<Problem>) -> Result<(), Failed> {
    if problems.is_empty() {
        return Ok(());
    }
    let problems: Vec<_> = problems.iter().map(Problem::to_string).collect();
    Err(problems.join("\n\n").into())
}
