//! An exercise, its solution, its entry in `info.toml` and its programs in `Cargo.toml`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use toml::{Table, Value};
use xshell::Shell;

use super::{name, say_written, write_new};
use crate::outline;

const SET: &str = "code/exercises";

const EXERCISE: &str = include_str!("../../templates/exercise.rs");
const SOLUTION: &str = include_str!("../../templates/solution.rs");
const ENTRY: &str = include_str!("../../templates/info.toml");

pub fn new(shell: &Shell, name: &str) -> Result<()> {
    let chapter = outline::find_chapter(shell, name::exercise(name)?)?.key();
    let info = Path::new(SET).join("info.toml");
    let manifest = Path::new(SET).join("Cargo.toml");
    let info_text = with_entry(&shell.read_file(&info)?, &chapter, name)?;
    let manifest_text = with_programs(&shell.read_file(&manifest)?, &info_text)?;

    let file = |folder| PathBuf::from(format!("{SET}/{folder}/{chapter}/{name}.rs"));
    let programs = [
        (file("exercises"), EXERCISE.to_owned()),
        (file("solutions"), SOLUTION.to_owned()),
    ];
    write_new(shell, &programs)?;
    for (path, text) in [(info, info_text), (manifest, manifest_text)] {
        shell.write_file(&path, text)?;
        say_written(&path);
    }
    eprintln!(
        "Next: fill in the TODOs of the exercise, its solution and its entry in {SET}/info.toml.\n\
         If a wrong idea is tempting, keep it in {SET}/wrong/{chapter}/{name}.rs:\n\
         `cargo test -p exercises` then proves that the tests refuse it."
    );
    Ok(())
}

/// `info.toml` with an entry for `name`, after those of the same chapter and the ones before it:
/// Rustlings asks for exercises in the order of this file.
fn with_entry(info: &str, chapter: &str, name: &str) -> Result<String> {
    let exercises = exercises(info)?;
    if exercises.iter().any(|exercise| exercise.name == name) {
        bail!("{SET}/info.toml has an exercise `{name}` already");
    }
    let entry = ENTRY.replace("{name}", name).replace("{chapter}", chapter);
    let later = exercises
        .iter()
        .find(|exercise| exercise.dir.as_str() > chapter);
    let Some(later) = later else {
        return Ok(format!("{}\n\n{entry}", info.trim_end()));
    };
    // The entry of the exercise that comes after the new one begins with the last line
    // [[exercises]] above its name.
    let at = info
        .find(&format!("name = \"{}\"", later.name))
        .and_then(|at| info[..at].rfind("[[exercises]]"))
        .with_context(|| format!("cannot find where the entry of `{}` begins", later.name))?;
    Ok(format!("{}{entry}\n{}", &info[..at], &info[at..]))
}

/// `Cargo.toml` with the programs that `info.toml` names, as `rustlings dev update` writes them.
fn with_programs(manifest: &str, info: &str) -> Result<String> {
    let mut programs = String::new();
    for Exercise { name, dir } in exercises(info)? {
        for (suffix, folder) in [("", "exercises"), ("_sol", "solutions")] {
            let path = format!("{folder}/{dir}/{name}.rs");
            programs += &format!("  {{ name = \"{name}{suffix}\", path = \"{path}\" }},\n");
        }
    }
    let begin = "bin = [\n";
    let (before, rest) = manifest
        .split_once(begin)
        .context("Cargo.toml has no list `bin`")?;
    let (_, after) = rest
        .split_once("]\n")
        .context("the list `bin` has no end")?;
    Ok(format!("{before}{begin}{programs}]\n{after}"))
}

struct Exercise {
    name: String,
    dir: String,
}

fn exercises(info: &str) -> Result<Vec<Exercise>> {
    let info: Table = info.parse().context("info.toml is not valid TOML")?;
    let list = info.get("exercises").and_then(Value::as_array);
    let text =
        |exercise: &Value, key: &str| exercise.get(key).and_then(Value::as_str).map(str::to_owned);
    let exercises = list.into_iter().flatten().map(|exercise| {
        Some(Exercise {
            name: text(exercise, "name")?,
            dir: text(exercise, "dir")?,
        })
    });
    let exercises: Option<Vec<_>> = exercises.collect();
    exercises.context("an exercise of info.toml has no `name` or no `dir`")
}

#[cfg(test)]
mod tests {
    use super::*;

    const INFO: &str = "\
format_version = 1

[[exercises]]
name = \"ch01_first\"
dir = \"ch01\"
hint = \"\"\"
Look twice.\"\"\"

[[exercises]]
name = \"ch03_first\"
dir = \"ch03\"
hint = \"\"
";

    fn names(info: &str) -> Vec<String> {
        let exercises = exercises(info).unwrap();
        exercises
            .into_iter()
            .map(|exercise| exercise.name)
            .collect()
    }

    #[test]
    fn an_entry_stands_behind_those_of_its_chapter() {
        let info = with_entry(INFO, "ch01", "ch01_second").unwrap();
        assert_eq!(names(&info), ["ch01_first", "ch01_second", "ch03_first"]);
        let info = with_entry(&info, "ch02", "ch02_first").unwrap();
        assert_eq!(
            names(&info),
            ["ch01_first", "ch01_second", "ch02_first", "ch03_first"]
        );
        let info = with_entry(&info, "ch04", "ch04_first").unwrap();
        assert_eq!(names(&info).last().unwrap(), "ch04_first");
        assert!(
            info.contains("\"\"\"\n\n[[exercises]]\nname = \"ch03_first\""),
            "{info}"
        );
    }

    #[test]
    fn an_exercise_that_exists_is_refused() {
        let error = with_entry(INFO, "ch01", "ch01_first").unwrap_err();
        assert!(
            error
                .to_string()
                .contains("has an exercise `ch01_first` already")
        );
    }

    #[test]
    fn each_exercise_and_each_solution_is_a_program() {
        let manifest = with_programs("# by hand\nbin = [\n  old,\n]\n\n[package]\n", INFO).unwrap();
        let expected = "\
# by hand
bin = [
  { name = \"ch01_first\", path = \"exercises/ch01/ch01_first.rs\" },
  { name = \"ch01_first_sol\", path = \"solutions/ch01/ch01_first.rs\" },
  { name = \"ch03_first\", path = \"exercises/ch03/ch03_first.rs\" },
  { name = \"ch03_first_sol\", path = \"solutions/ch03/ch03_first.rs\" },
]

[package]
";
        assert_eq!(manifest, expected);
    }
}
