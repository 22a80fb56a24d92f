//! Records programs as a reader does, and holds what they tell to `tests/snapshots/`.
//!
//! `INSTA_UPDATE=always cargo test -p recorder -- --ignored` takes over what they tell now, and
//! with `BLESS=1` what the book prints of it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use recorder::reader::{Options, Recorded, make};
use recorder::run::Run;

/// Options that a reader gives, for a time in which each of the programs does all that it does.
fn options() -> Options {
    Options {
        file: None,
        test: None,
        bin: None,
        limit: Duration::from_secs(5),
        open: false,
        arguments: Vec::new(),
    }
}

fn own(file: &str) -> PathBuf {
    Path::new("tests/own").join(file)
}

/// All that a recording tells.
fn told(recorded: &Recorded) -> String {
    let mut told = recorded.run.story();
    let many = if recorded.run.many {
        "one run of many"
    } else {
        "the only run"
    };
    writeln!(told, "\n{many}. {}", recorded.end.say()).unwrap();
    for rest in &recorded.rests {
        writeln!(told, "- {rest}").unwrap();
    }
    for note in &recorded.notes {
        writeln!(told, "note: {note}").unwrap();
    }
    told
}

fn snapshot(name: &str, told: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, told));
}

#[test]
#[ignore = "builds Tokio with its instrumentation"]
fn a_file_tells_what_it_does() {
    for name in ["small", "panics", "clocks", "log"] {
        let recorded = make(&own(&format!("{name}.rs")), &options()).unwrap();
        snapshot(name, &told(&recorded));
        let page = fs::read_to_string(&recorded.page).unwrap();
        assert!(page.contains("<run-player"), "{name}");
    }
}

#[test]
#[ignore = "builds Tokio with its instrumentation"]
fn several_workers_and_a_blocked_one_are_one_run_of_many() {
    let recorded = make(&own("workers.rs"), &options()).unwrap();
    assert!(recorded.run.many);
    assert!(recorded.end.is_cut());
    let [main, adds] = recorded.rests.as_slice() else {
        panic!("{:?}", recorded.rests);
    };
    assert_eq!(
        main,
        "*main* stops at `adds` in line 9: that task has not ended."
    );
    assert!(
        adds.starts_with("*adds* runs and does not give its thread back"),
        "{adds}"
    );
}

#[test]
#[ignore = "builds Tokio with its instrumentation"]
fn a_long_run_has_a_page_for_each_window() {
    let recorded = make(&own("long.rs"), &options()).unwrap();
    let page = fs::read_to_string(&recorded.page).unwrap();
    assert!(
        recorded.page.ends_with("long-401.html"),
        "{:?}",
        recorded.page
    );
    assert!(page.contains("<a href=\"long.html\">steps 1 to 400</a>"));
    assert!(page.contains("A page shows 400 steps of"));
}

#[test]
#[ignore = "builds Tokio with its instrumentation"]
fn a_package_and_its_tests_tell_what_they_do() {
    // In a folder with a space, and with the versions of the book.
    let folder = tempfile::Builder::new()
        .prefix("own kitchen ")
        .tempdir()
        .unwrap();
    copy(&own("kitchen"), folder.path());
    fs::copy("../../../Cargo.lock", folder.path().join("Cargo.lock")).unwrap();
    // Tokio is built where the other tests build it.
    let target = Path::new("../../../target").canonicalize().unwrap();
    fs::create_dir(folder.path().join(".cargo")).unwrap();
    let config = format!("[build]\ntarget-dir = {:?}\n", target);
    fs::write(folder.path().join(".cargo/config.toml"), config).unwrap();
    let program = make(folder.path(), &options()).unwrap();
    snapshot("package", &told(&program));
    for (file, test) in [
        ("", "a_cake_takes_its_time"),
        ("tests/menu.rs", "two_cakes_fit_into_one_oven"),
    ] {
        let test = Options {
            test: Some(test.to_owned()),
            ..options()
        };
        let recorded = make(&folder.path().join(file), &test).unwrap();
        snapshot(&format!("test-{}", test.test.unwrap()), &told(&recorded));
    }
    let missing = Options {
        test: Some("a_pie".to_owned()),
        ..options()
    };
    is_refused(
        folder.path(),
        &missing,
        "there is no test a_pie; there are: oven::tests::a_cake_takes_its_time, \
         two_cakes_fit_into_one_oven",
    );
    // Nothing of the reader's was written but where Cargo builds.
    let lock = fs::read_to_string(folder.path().join("Cargo.lock")).unwrap();
    assert!(
        !lock.contains("name = \"recorder\"\nversion = \"0.1.0\"\ndependencies = [\n \"ctor\"")
    );
}

/// The program on the page *How to read a recorded run*, with what the command says of it.
#[test]
#[ignore = "builds Tokio with its instrumentation"]
fn the_book_prints_what_the_command_says_of_a_program_that_hangs() {
    let run = fs::read_to_string("../../../static/runs/guide-hang.json").unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("hang.rs"),
        Run::from_json(&run).unwrap().source,
    )
    .unwrap();
    let shared = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = shared.unwrap_or_else(|| "../../../target".into());
    let target = target.canonicalize().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_record-async"))
        .args(["--file", "hang.rs", "--for", "5s"])
        .env("CARGO_TARGET_DIR", target)
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let place = text.find("The recording: ").expect("it says where");
    let printed = format!(
        "<!-- written by `BLESS=1 cargo test -p recorder -- --ignored` -->\n\
         ```console\n$ cargo xtask record --file hang.rs --for 5s\n{}\n```\n<!-- end -->\n",
        text[..place].trim_end()
    );
    let golden = own("hang.md");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&golden, &printed).unwrap();
    }
    assert_eq!(fs::read_to_string(golden).unwrap(), printed);
}

#[track_caller]
fn is_refused(file: &Path, options: &Options, with: &str) {
    let error = format!("{:#}", make(file, options).unwrap_err());
    assert!(error.contains(with), "{error}\nhas no\n{with}");
}

#[test]
fn a_path_that_names_no_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    is_refused(
        &folder.path().join("none.rs"),
        &options(),
        "none.rs cannot be read: No such file",
    );
    is_refused(
        folder.path(),
        &options(),
        "has no Cargo.toml: give a package's folder",
    );
    let text = folder.path().join("notes.txt");
    fs::write(&text, "").unwrap();
    is_refused(
        &text,
        &options(),
        "notes.txt is no program: give a file that ends in .rs",
    );
    let modules = folder.path().join("modules.rs");
    fs::write(&modules, "mod other;\nfn main() {}\n").unwrap();
    is_refused(
        &modules,
        &options(),
        "modules.rs:1: `mod other;` is another file",
    );
}

#[test]
fn a_package_that_cannot_be_recorded_is_refused_with_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let write = |file: &str, text: &str| {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(
        "Cargo.toml",
        "[package]\nname = \"bare\"\nedition = \"2024\"\n[workspace]\n",
    );
    write("src/lib.rs", "mod part;\n");
    write("src/part.rs", "");
    is_refused(
        folder.path(),
        &options(),
        "the package bare has no program: record a test",
    );
    is_refused(
        &folder.path().join("src/part.rs"),
        &options(),
        "is a module of the package bare",
    );
    is_refused(
        &folder.path().join("src/lib.rs"),
        &options(),
        "bare is a library: record one of",
    );
    write("src/bin/one.rs", "fn main() {}\n");
    is_refused(
        folder.path(),
        &options(),
        "the package bare does not use Tokio",
    );
    write("src/bin/two.rs", "fn main() {}\n");
    is_refused(
        folder.path(),
        &options(),
        "choose one, `--bin NAME`: one, two",
    );
    let three = Options {
        bin: Some("three".to_owned()),
        ..options()
    };
    is_refused(
        folder.path(),
        &three,
        "has no program three; it has: one, two",
    );
    write("Cargo.toml", "[package]\nname = 1\n");
    is_refused(folder.path(), &options(), "Cargo cannot read");
}

#[test]
#[ignore = "builds Tokio with its instrumentation"]
fn a_program_that_does_not_compile_is_refused_with_the_compilers_message() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = folder.path().join("wrong.rs");
    let source =
        "#[tokio::main]\nasync fn main() {\n    let (): u32 = std::future::ready(1).await;\n}\n";
    fs::write(&wrong, source).unwrap();
    is_refused(
        &wrong,
        &options(),
        "it does not compile:\n\nerror[E0308]: mismatched types",
    );
    is_refused(&wrong, &options(), "wrong.rs:3:");
    fs::write(&wrong, "fn main() { let x = (; }\n").unwrap();
    is_refused(&wrong, &options(), "mismatched closing delimiter");
    fs::write(&wrong, "fn main() {}\n").unwrap();
    is_refused(
        &wrong,
        &options(),
        "nothing ran on Tokio that the recorder hears, and the program ended",
    );
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
