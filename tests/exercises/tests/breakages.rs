//! Breaks sound exercises on purpose, each in one way, and reads what the proof says.

use exercises::compile::Crates;
use exercises::proof::Proof;
use exercises::run::Limits;
use exercises::set::{Kind, Set};
use exercises::{Problem, dependencies, text};
use std::fs;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

const TASK: &str = "//! Complete `double` so that it doubles.\n\n";

const GIVEN_CODE: &str = "\
/// Twice `n`.
fn double(n: u32) -> u32 {
    // TODO: double it.
    todo!()
}

fn main() {}
";

const TESTS: &str = "
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles() {
        assert_eq!(double(3), 6, \"three twice\");
    }
}
";

const ENTRY: &str = r#"
[[exercises]]
name = "NAME"
dir = "ch01"
trains = "doubling"
minutes = 5
level = 1
hint = "Multiply."
"#;

/// An exercise that is sound until a test breaks it.
struct Draft {
    name: &'static str,
    entry: String,
    given: String,
    solution: String,
    wrong: String,
}

fn sound(name: &'static str) -> Draft {
    let solved = |body| GIVEN_CODE.replace("    // TODO: double it.\n    todo!()", body);
    Draft {
        name,
        entry: ENTRY.replace("NAME", name),
        given: format!("{TASK}{GIVEN_CODE}{TESTS}"),
        solution: solved("    n * 2") + TESTS,
        wrong: format!("//! Wrong: that is the square.\n\n{}", solved("    n * n")),
    }
}

impl Draft {
    fn with(mut self, change: impl FnOnce(&mut Draft)) -> Draft {
        change(&mut self);
        self
    }

    fn in_all(mut self, from: &str, to: &str) -> Draft {
        for text in [&mut self.given, &mut self.solution, &mut self.wrong] {
            *text = text.replace(from, to);
        }
        self
    }
}

/// A set on disk.
fn folder(drafts: &[Draft]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let mut info =
        String::from("format_version = 1\nwelcome_message = \"hi\"\nfinal_message = \"bye\"\n");
    for draft in drafts {
        info += &draft.entry;
        for (kind, text) in Kind::ALL
            .iter()
            .zip([&draft.given, &draft.solution, &draft.wrong])
        {
            let path = root.join(kind.folder()).join(&draft.name[..4]);
            fs::create_dir_all(&path).unwrap();
            if !text.is_empty() {
                fs::write(path.join(format!("{}.rs", draft.name)), text).unwrap();
            }
        }
    }
    fs::write(root.join("info.toml"), info).unwrap();
    folder
}

fn read(folder: &TempDir) -> Set {
    Set::read(folder.path()).unwrap()
}

/// What the text of the draft is refused for.
fn text_of(draft: Draft) -> Vec<Problem> {
    let folder = folder(&[draft]);
    let set = read(&folder);
    text::problems(&set, &set.exercises[0])
}

/// What the entries and files of the drafts are refused for.
fn info_of(drafts: &[Draft]) -> Vec<Problem> {
    let folder = folder(drafts);
    read(&folder).problems()
}

#[track_caller]
fn says(problems: &[Problem], wanted: &[&str]) {
    let said: Vec<_> = problems.iter().map(Problem::to_string).collect();
    assert_eq!(said.len(), wanted.len(), "{said:#?}");
    for (said, wanted) in said.iter().zip(wanted) {
        assert!(said.contains(wanted), "wanted {wanted:?} in {said:#?}");
    }
}

#[test]
fn a_sound_set_has_no_problems() {
    says(&info_of(&[sound("ch01_a"), sound("ch01_b")]), &[]);
    says(&text_of(sound("ch01_a")), &[]);
    says(
        &text_of(sound("ch01_a").with(|draft| draft.wrong.clear())),
        &[],
    );
}

#[test]
fn info_toml_that_cannot_be_read_names_the_line() {
    let broken = |entry: &str| {
        let folder = folder(&[sound("ch01_a").with(|draft| draft.entry = entry.into())]);
        Set::read(folder.path())
            .map(|_| ())
            .unwrap_err()
            .to_string()
    };
    let misspelled = broken(&ENTRY.replace("minutes", "minuts"));
    assert!(
        misspelled.starts_with("code/exercises/info.toml:9: "),
        "{misspelled}"
    );
    assert!(
        misspelled.contains("unknown field `minuts`"),
        "{misspelled}"
    );
    let missing = broken(&ENTRY.replace("hint = \"Multiply.\"\n", ""));
    assert!(missing.contains("missing field `hint`"), "{missing}");
    let malformed = broken("\n[[exercises]\n");
    assert!(
        malformed.starts_with("code/exercises/info.toml:5: "),
        "{malformed}"
    );
}

#[test]
fn entries_are_held_to_the_format() {
    let entry = |from: &str, to: &str| {
        info_of(&[sound("ch01_a").with(|draft| draft.entry = draft.entry.replace(from, to))])
    };
    says(
        &entry("doubling", "Doubling."),
        &["info.toml:6: ch01_a: trains is `Doubling.`"],
    );
    says(
        &entry("doubling", "what it trains, in a phrase"),
        &["still the template's"],
    );
    says(&entry("minutes = 5", "minutes = 20"), &["minutes is 20"]);
    says(&entry("level = 1", "level = 4"), &["level is 4"]);
    says(&entry("Multiply.", " "), &["the hint is empty"]);
    says(
        &info_of(&[sound("ch01_a"), sound("ch01_a")]),
        &["info.toml:14: ch01_a: the name is taken"],
    );
    says(&info_of(&[sound("ch01_A")]), &["other characters than"]);
    says(
        &info_of(&[sound("ch01_a2345678901234567890123456789")]),
        &["has 34 characters"],
    );
    let orphan = "has no entry for it";
    let moved = ["does not begin with `ch01_`", orphan, orphan, orphan];
    says(&info_of(&[sound("ch02_a")]), &moved);
    let hard = sound("ch01_a").with(|draft| draft.entry = draft.entry.replace("= 1", "= 3"));
    says(
        &info_of(&[hard, sound("ch01_b")]),
        &["the gentler ch01_b follows"],
    );
}

#[test]
fn a_file_without_an_entry_is_named() {
    let orphan = sound("ch01_b").with(|draft| draft.entry.clear());
    let wanted = [
        "exercises/ch01/ch01_b.rs",
        "solutions/ch01/ch01_b.rs",
        "wrong/ch01/ch01_b.rs",
    ];
    says(&info_of(&[sound("ch01_a"), orphan]), &wanted);
}

#[test]
fn a_file_that_is_missing_or_no_text_is_named() {
    let missing = text_of(sound("ch01_a").with(|draft| draft.solution.clear()));
    says(
        &missing,
        &["code/exercises/solutions/ch01/ch01_a.rs: cannot be read"],
    );
    let folder = folder(&[sound("ch01_a")]);
    fs::write(folder.path().join("exercises/ch01/ch01_a.rs"), [0xff, 0xfe]).unwrap();
    let set = read(&folder);
    says(
        &text::problems(&set, &set.exercises[0]),
        &["exercises/ch01/ch01_a.rs: cannot be read"],
    );
}

#[test]
fn texts_are_held_to_the_format() {
    let given = |from: &str, to: &str| {
        text_of(sound("ch01_a").with(|draft| draft.given = draft.given.replace(from, to)))
    };
    says(&given(TASK, ""), &["does not begin with its task"]);
    says(
        &given("// TODO: double it.", "// Double it."),
        &["has no `// TODO`"],
    );
    says(&given("fn main() {}", ""), &["has no `fn main()`"]);
    let all = |from: &str, to: &str| text_of(sound("ch01_a").in_all(from, to));
    says(
        &all("#[test]\n", "#[tokio::test]\nasync "),
        &["Rustlings looks for `#[test]`"],
    );
    says(
        &all("fn doubles", "fn test_doubles"),
        &["named `test_…`"; 2],
    );
    says(
        &all("    #[test]\n", "    #[test]\n    #[ignore]\n"),
        &["ignores a test"; 2],
    );
    says(
        &all("use super::*", "use crate::*"),
        &["through `crate::`"; 2],
    );
    says(
        &all(TESTS, &format!("{TESTS}\nfn late() {{}}\n")),
        &["not the last thing"; 2],
    );

    let solution = |from: &str, to: &str| {
        text_of(sound("ch01_a").with(|draft| draft.solution = draft.solution.replace(from, to)))
    };
    says(&solution("n * 2", "todo!()"), &["still has `todo!`"]);
    says(
        &solution("assert_eq!(double(3), 6", "assert_eq!(double(3), 3 + 3"),
        &["solutions/ch01/ch01_a.rs:14: the tests differ from the exercise's"],
    );
    says(
        &solution("fn double(n: u32)", "fn double(n: u64)"),
        &["`fn double(n: u32) -> u32` of the exercise is missing or changed"],
    );
    let silent = sound("ch01_a").with(|draft| draft.wrong = draft.wrong.replace("Wrong: ", ""));
    says(&text_of(silent), &["does not say what is wrong with it"]);
    let tested = sound("ch01_a").with(|draft| draft.wrong += TESTS);
    says(&text_of(tested), &["has tests of its own"]);
}

#[test]
fn compiling_and_running_finds_what_the_text_does_not_show() {
    let slow = "loop {\n            std::thread::sleep(std::time::Duration::MAX);\n        }";
    let drafts = [
        sound("ch01_sound"),
        sound("ch01_solved").with(|d| d.given = d.given.replace("todo!()", "n * 2")),
        sound("ch01_given_refused").with(|d| d.given = d.given.replace("todo!()", "oh!()")),
        sound("ch01_refusal_wanted").with(|d| {
            d.entry += "compiles = false\n";
            d.given = d.given.replace("todo!()", "oh!()");
        }),
        sound("ch01_refusal_missing").with(|d| d.entry += "compiles = false\n"),
        sound("ch01_solution_fails").with(|d| d.solution = d.solution.replace("n * 2", "n")),
        sound("ch01_solution_refused").with(|d| d.solution = d.solution.replace("n * 2", "n * m")),
        sound("ch01_solution_warns").with(|d| {
            d.solution = d
                .solution
                .replace("n * 2", "let mut twice = n * 2;\n    twice");
        }),
        sound("ch01_wrong_accepted").with(|d| d.wrong = d.wrong.replace("n * n", "n + n")),
        sound("ch01_wrong_refused").with(|d| d.wrong = d.wrong.replace("n * n", "n * m")),
        sound("ch01_wrong_hangs").with(|d| d.wrong = d.wrong.replace("n * n", slow)),
        sound("ch01_given_exits").with(|d| {
            d.given = d.given.replace("todo!()", "std::process::exit(7)");
        }),
        sound("ch01_unformatted").with(|d| d.solution = d.solution.replace("n * 2", "n*2")),
        sound("ch01_testless").in_all("    #[test]\n", "    #[allow(dead_code)] // #[test]\n"),
    ];
    let wanted: [(&str, &[&str]); 14] = [
        ("ch01_sound", &[]),
        (
            "ch01_solved",
            &["exercises/ch01/ch01_solved.rs: is solved already"],
        ),
        ("ch01_given_refused", &["cannot find macro `oh`"]),
        ("ch01_refusal_wanted", &[]),
        ("ch01_refusal_missing", &["compiles, though info.toml says"]),
        ("ch01_solution_fails", &["three twice"]),
        ("ch01_solution_refused", &["cannot find value `m`"]),
        (
            "ch01_solution_warns",
            &["variable does not need to be mutable"],
        ),
        (
            "ch01_wrong_accepted",
            &["wrong/ch01/ch01_wrong_accepted.rs: the tests accept"],
        ),
        ("ch01_wrong_refused", &["what rustc refuses needs no test"]),
        (
            "ch01_wrong_hangs",
            &["not formatted", "the test `doubles` hangs"],
        ),
        ("ch01_given_exits", &["ends the whole process"]),
        (
            "ch01_unformatted",
            &["solutions/ch01/ch01_unformatted.rs: is not formatted"],
        ),
        ("ch01_testless", &["has no test that runs"; 3]),
    ];
    let folder = folder(&drafts);
    let verdicts = prove(&folder, Duration::from_secs(2), 1);
    for ((name, problems), (draft, wanted)) in verdicts.iter().zip(wanted) {
        assert_eq!(name, draft);
        says(problems, wanted);
    }
}

#[test]
fn what_the_reader_has_in_hand_is_the_readers() {
    let solved =
        sound("ch01_a").with(|draft| draft.given = draft.given.replace("todo!()", "n * 2"));
    let half_done = sound("ch01_b").with(|draft| draft.given = "fn double(".into());
    let folder = folder(&[solved, half_done]);
    let state = "DON'T EDIT THIS FILE!\n\nch01_b\n\nch01_a\n";
    fs::write(folder.path().join(".rustlings-state.txt"), state).unwrap();
    for (_, problems) in prove(&folder, Duration::from_secs(10), 1) {
        says(&problems, &[]);
    }
}

#[test]
fn several_runs_find_what_passes_or_fails_by_luck() {
    // Its third run comes out otherwise.
    let lucky = |usual: &str, third: &str| {
        let file = tempfile::NamedTempFile::new().unwrap().into_temp_path();
        let body = format!(
            "let runs = std::fs::read({file:?}).unwrap().len() + 1;
    std::fs::write({file:?}, vec![0; runs]).unwrap();
    if runs == 3 {{ {third} }} else {{ {usual} }}"
        );
        (file, body)
    };
    for (runs, wanted) in [
        (2, [&[][..], &[]]),
        (4, [&["the tests accept"], &["the test `doubles` fails"]]),
    ] {
        let (_wrong, accepted) = lucky("n * n", "n * 2");
        let (_solution, failing) = lucky("n * 2", "n * n");
        let folder = folder(&[
            sound("ch01_accepted").with(|d| d.wrong = d.wrong.replace("n * n", &accepted)),
            sound("ch01_failing").with(|d| d.solution = d.solution.replace("n * 2", &failing)),
        ]);
        let verdicts = prove(&folder, Duration::from_secs(10), runs);
        for ((_, mut problems), wanted) in verdicts.into_iter().zip(wanted) {
            problems.retain(|problem| !problem.what.contains("not formatted"));
            says(&problems, wanted);
        }
    }
}

fn prove(folder: &TempDir, limit: Duration, runs: usize) -> Vec<(String, Vec<Problem>)> {
    let set = read(folder);
    let crates = Crates::ask_cargo(&[]).unwrap();
    let work = tempfile::tempdir().unwrap();
    let limits = Limits {
        all: limit,
        one: limit,
    };
    let proof = Proof::new(&set, &crates, work.path(), folder.path(), limits).with_runs(runs);
    let named = |exercise| proof.problems(exercise);
    set.exercises
        .iter()
        .map(|exercise| (exercise.name().to_owned(), named(exercise)))
        .collect()
}

#[test]
fn a_crate_that_the_proof_lacks_is_named() {
    let problem = Crates::ask_cargo(&["smol".into()])
        .map(|_| ())
        .unwrap_err()
        .to_string();
    assert!(
        problem.starts_with("tests/exercises/Cargo.toml: lacks `smol`"),
        "{problem}"
    );
}

#[test]
fn versions_are_those_of_the_workspace() {
    let package = |version: &str| {
        format!("[[package]]\nname = \"futures\"\nversion = \"{version}\"\nsource = \"registry\"\n")
    };
    let book = tempfile::tempdir().unwrap();
    write(
        book.path(),
        "Cargo.toml",
        "[workspace.dependencies]\nfutures = \"0.3\"\nrayon = \"1.12\"\n",
    );
    write(book.path(), "Cargo.lock", &package("0.3.34"));
    let folder = folder(&[sound("ch01_a")]);
    let set = read(&folder);
    let manifest = format!(
        "bin = [{}]\n[dependencies]\nfutures = \"0.3\"\n",
        set.bin_list()
    );
    write(folder.path(), "Cargo.toml", &manifest);
    write(folder.path(), "Cargo.lock", &package("0.3.34"));
    says(&dependencies::problems(&set, book.path()), &[]);

    write(folder.path(), "Cargo.lock", &package("0.3.33"));
    says(
        &dependencies::problems(&set, book.path()),
        &["futures 0.3.33 is not the version"],
    );
    write(folder.path(), "Cargo.lock", &package("0.3.34"));
    write(
        folder.path(),
        "Cargo.toml",
        &manifest.replace("\"0.3\"", "\"0.2\"\ntokio = \"1\""),
    );
    let wanted = [
        "`futures` is not what",
        "`tokio` is not what the root Cargo.toml has",
    ];
    says(&dependencies::problems(&set, book.path()), &wanted);
    write(
        folder.path(),
        "Cargo.toml",
        &manifest.replace("ch01_a_sol", "ch01_b_sol"),
    );
    says(
        &dependencies::problems(&set, book.path()),
        &["run `rustlings dev update`"],
    );
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap();
}
