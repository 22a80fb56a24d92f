//! A checkout proves its own text: also one that was copied or moved, or that shares a target
//! directory with another.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const CHAPTER: &str = "content/ch01-waiting.md";

/// What a checkout needs to prove a chapter.
const FILES: &[&str] = &[
    ".cargo/config.toml",
    "Cargo.lock",
    "tests/chapters/build.rs",
    "tests/chapters/rustc.rs",
    "tests/chapters/limit/Cargo.toml",
    "tests/chapters/limit/src/lib.rs",
    "tests/chapters/tests/chapters.rs",
    "tests/chapters/tests/proof.rs",
    "tests/chapters/tests/python.rs",
    "tests/chapters/tests/word.rs",
    "code/press/book/Cargo.toml",
];
/// All of it: the reader of the text.
const READER: &str = "code/press/book/src";

/// A small checkout with one chapter, whose program asserts this.
fn checkout(folder: &Path, claim: &str) {
    let root = Path::new("../../..");
    let reader = fs::read_dir(root.join(READER)).unwrap();
    let reader = reader.map(|file| Path::new(READER).join(file.unwrap().file_name()));
    for file in FILES.iter().map(PathBuf::from).chain(reader) {
        let copy = folder.join(&file);
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        let text = fs::read_to_string(root.join(file)).unwrap();
        fs::write(copy, without_unified(&text)).unwrap();
    }
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let (_, rest) = manifest.split_once("\n]\n").unwrap();
    let members = "[workspace]\nresolver = \"3\"\nmembers = [\"tests/chapters\", \"tests/chapters/limit\", \"code/press/book\"]\n";
    let rest = rest.split("[profile.dev.package]").next().unwrap();
    fs::write(folder.join("Cargo.toml"), format!("{members}{rest}")).unwrap();
    // Without the crates of readers, which take long to build, but for the one that ends programs.
    let manifest = fs::read_to_string(root.join("tests/chapters/Cargo.toml")).unwrap();
    let (before, rest) = manifest.split_once("[dependencies]\n").unwrap();
    let (_, after) = rest.split_once("[build-dependencies]").unwrap();
    let manifest =
        format!("{before}[dependencies]\nrustix.workspace = true\n\n[build-dependencies]{after}");
    let manifest = without_unified(&manifest);
    fs::write(folder.join("tests/chapters/Cargo.toml"), manifest).unwrap();
    fs::write(folder.join("README.md"), "# A book\n").unwrap();
    write(folder, claim);
}

/// The package that gives the whole workspace one set of features builds what others need.
fn without_unified(manifest: &str) -> String {
    manifest.replace("unified.workspace = true\n", "")
}

fn write(folder: &Path, claim: &str) {
    fs::create_dir_all(folder.join("content")).unwrap();
    let text = format!("```rust\nfn main() {{\n    assert!({claim});\n}}\n```\n");
    fs::write(folder.join(CHAPTER), text).unwrap();
}

/// What is said when its chapter is proved.
fn prove(folder: &Path, target: &Path) -> String {
    let output = Command::new(env::var_os("CARGO").unwrap())
        .args(["test", "--quiet", "--package", "chapters", "ch01"])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_INCREMENTAL", "0")
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env_remove("RUSTC")
        .env_remove("BOOK_ROOT")
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
#[ignore = "builds skeptic once more"]
fn each_checkout_proves_its_own_text() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two, moved] = ["one", "two", "three"].map(|name| folder.path().join(name));
    // It is kept: skeptic is built once.
    let program = env::current_exe().unwrap();
    let target = program.ancestors().nth(3).unwrap().join("tmp/copies");
    // All of it is older than what is built of the first.
    checkout(&two, "1 + 1 == 3");
    checkout(&one, "1 + 1 == 2");
    let says = |checkout: &Path, what: &str| {
        let said = prove(checkout, &target);
        assert!(
            said.contains(what),
            "no {what:?} of {}:\n{said}",
            checkout.display()
        );
    };
    says(&one, "1 passed; 0 failed");
    says(&two, "assertion failed: 1 + 1 == 3");
    says(&one, "1 passed; 0 failed");
    fs::rename(&two, &moved).unwrap();
    says(&moved, "assertion failed: 1 + 1 == 3");
    fs::rename(&one, &two).unwrap();
    says(&two, "1 passed; 0 failed");
    // An edit with an old date, which cargo does not see.
    let before = fs::metadata(two.join(CHAPTER)).unwrap().modified().unwrap();
    write(&two, "1 + 1 == 4");
    let file = fs::File::options()
        .write(true)
        .open(two.join(CHAPTER))
        .unwrap();
    file.set_modified(before).unwrap();
    says(
        &two,
        "content/ch01-waiting.md is not what it was when the tests were built",
    );
}

/// What is built may run in another checkout: where it is, it must ask when it runs.
#[test]
fn no_place_is_fixed_when_a_program_is_built() {
    let mut folders = vec![
        Path::new("../../../code").to_path_buf(),
        Path::new("../..").to_path_buf(),
    ];
    let fixed = ["MANIFEST_DIR", "TARGET_TMPDIR", "WORKSPACE_DIR"]
        .map(|name| format!("env!(\"CARGO_{name}\")"));
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() && !path.ends_with("node_modules") && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let found = fixed.iter().find(|fixed| text.contains(*fixed));
                assert_eq!(
                    found,
                    None,
                    "in {}: tests stand in their package when they run, and programs have `env::var`",
                    path.display()
                );
            }
        }
    }
}

/// A clone is proved also where git is set to end lines as Windows does.
#[test]
fn lines_end_alike_however_git_is_set() {
    let folder = tempfile::tempdir().unwrap();
    let git = |words: &[&str]| {
        let mut git = Command::new("git");
        git.args(["-c", "core.autocrlf=true", "-c", "core.safecrlf=false"]);
        git.args(words).current_dir(&folder).output()
    };
    let Ok(_) = git(&["init", "--quiet"]) else {
        eprintln!("passed over: there is no git");
        return;
    };
    let attributes = "../../../.gitattributes";
    fs::copy(attributes, folder.path().join(".gitattributes")).unwrap();
    let page = folder.path().join("ch01-waiting.md");
    fs::write(&page, "One\nTwo\n").unwrap();
    git(&["add", "--all"]).unwrap();
    fs::remove_file(&page).unwrap();
    git(&["checkout-index", "--all", "--force"]).unwrap();
    assert_eq!(fs::read_to_string(&page).unwrap(), "One\nTwo\n");
}
