//! Each program of `editions/` ends as it says, in both editions.
//!
//! Run it: `cargo test -p examples --test editions`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// What a program does under an edition, in the words of its last lines: what it prints, `runs` if
/// it prints nothing, or `refused, ` and the compiler's messages.
fn outcome(program: &Path, edition: &str, folder: &Path) -> String {
    let binary = folder.join(edition);
    let rustc = env::var_os("RUSTC").unwrap_or("rustc".into());
    let mut compile = Command::new(rustc);
    compile.args(["--edition", edition, "-o"]).arg(&binary);
    let compiled = compile.arg(program).output().expect("rustc starts");
    if !compiled.status.success() {
        return format!("refused, {}", String::from_utf8_lossy(&compiled.stderr));
    }
    let ran = Command::new(&binary).output().expect("it was compiled");
    assert!(ran.status.success(), "{program:?} in {edition}: {ran:?}");
    let lines = String::from_utf8_lossy(&ran.stdout);
    let lines: Vec<&str> = lines.lines().collect();
    match lines.as_slice() {
        [] => "runs".into(),
        lines => lines.join(", "),
    }
}

fn programs() -> Vec<PathBuf> {
    // Found at run time: a checkout may be moved.
    let root = env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the tests");
    let files = fs::read_dir(Path::new(&root).join("editions")).expect("it is there");
    let files = files.map(|file| file.expect("it can be read").path());
    files
        .filter(|file| file.extension() == Some(OsStr::new("rs")))
        .collect()
}

#[test]
fn each_program_ends_as_its_last_lines_say() {
    let folder = tempfile::tempdir().expect("a folder");
    let programs = programs();
    assert!(programs.len() > 10);
    for program in programs {
        let text = fs::read_to_string(&program).expect("text");
        for edition in ["2021", "2024"] {
            let start = format!("// {edition}: ");
            let said = text.lines().find_map(|line| line.strip_prefix(&start));
            let said = said.unwrap_or_else(|| panic!("{program:?}: no line `{start}`"));
            let outcome = outcome(&program, edition, folder.path());
            let holds = match said.strip_prefix("refused, ") {
                Some(message) => outcome.starts_with("refused, ") && outcome.contains(message),
                None => outcome == said,
            };
            assert!(holds, "{program:?} in {edition}: {outcome}");
        }
    }
}
