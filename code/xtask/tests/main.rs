//! The command itself, where something is missing: what it says, and with what status it ends.
//! What it calls is played by scripts.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::{env, fs};

use tempfile::TempDir;

const VERSION: &str = "echo v22.1.0";
/// What Zola answers when it is asked for its version, and what it does otherwise.
const ZOLA: &str = "[ \"$1\" = --version ] && echo zola 0.22.1 && exit; ";

/// A checkout in which little stands, and the programs on PATH beside it.
struct Place(TempDir);

impl Place {
    fn new(programs: &[(&str, &str)]) -> Place {
        let place = Place(tempfile::tempdir().unwrap());
        place.write("checkout/code/xtask/Cargo.toml", "");
        fs::create_dir(place.0.path().join("bin")).unwrap();
        for (name, script) in programs {
            let file = format!("bin/{name}");
            place.write(&file, &format!("#!/bin/sh\n{script}\n"));
            let may_run = fs::Permissions::from_mode(0o755);
            fs::set_permissions(place.0.path().join(file), may_run).unwrap();
        }
        // It keeps what it makes two folders above itself.
        place.write("target/debug/.cargo-lock", "");
        let program = program();
        let own = place.0.path().join("target/debug/xtask");
        fs::hard_link(&program, &own)
            .or_else(|_| fs::copy(program, own).map(drop))
            .unwrap();
        place
    }

    fn write(&self, file: &str, text: &str) {
        let file = self.0.path().join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(self.0.path().join("target/debug/xtask"));
        command
            .args(words)
            .current_dir(self.0.path().join("checkout"))
            .env_clear()
            .env("PATH", self.0.path().join("bin"))
            .stdin(Stdio::null());
        command
    }

    /// It fails, and this is why.
    #[track_caller]
    fn refuses(&self, words: &[&str], why: &str) {
        let output = self.command(words).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{words:?}: {said}");
        assert!(said.contains(why), "{words:?}: {said}");
        assert!(!said.contains("npx"), "{words:?}: {said}");
    }
}

/// The one of this checkout, though another with the same target directory may have built the tests.
fn program() -> String {
    let built = "CARGO_BIN_EXE_xtask";
    env::var(built).unwrap_or_else(|_| env!("CARGO_BIN_EXE_xtask").to_owned())
}

const IN_A_BROWSER: [&[&str]; 2] = [&["audit"], &["pdf"]];

#[test]
fn without_node_it_is_named() {
    for words in IN_A_BROWSER {
        Place::new(&[]).refuses(words, "`node` does not run: install Node.js");
        let no_npm = Place::new(&[("node", VERSION)]);
        no_npm.refuses(words, "`npm` does not run: install Node.js");
    }
}

#[test]
fn without_chromium_it_is_named_and_npm_not_asked_for_it() {
    let npm = "[ \"$1\" = --version ] || exit 7; echo v22.1.0";
    let place = Place::new(&[("node", VERSION), ("npm", npm)]);
    for words in IN_A_BROWSER {
        place.refuses(words, "no Chromium is on PATH, nor Chrome or Edge");
    }
}

#[test]
fn without_pages_the_command_that_builds_them_is_named() {
    let programs = [("node", VERSION), ("npm", VERSION), ("chromium", "exit 1")];
    for words in IN_A_BROWSER {
        Place::new(&programs).refuses(words, "`cargo xtask build` writes them");
    }
}

#[test]
fn without_zola_what_to_install_is_said() {
    for words in [&["serve"], &["build"]] {
        let place = Place::new(&[]);
        place.write("checkout/code/xtask/zola/package-lock.json", "{}");
        place.refuses(words, "neither `zola` nor `npm` is on PATH");
    }
}

#[test]
fn without_git_messages_are_blessed_and_git_is_named() {
    let place = Place::new(&[("cargo", "exit 0")]);
    place.refuses(&["bless"], "command not found: `git`");
}

/// A network that hangs costs nothing, and a busy machine is told what holds all the same.
#[test]
fn an_audit_that_fails_has_installed_nothing_anew_and_names_soft_speed() {
    let node = "[ \"$1\" = --version ] && echo v22.1.0";
    let npm = "[ \"$1\" = --version ]";
    let place = Place::new(&[("node", node), ("npm", npm), ("chromium", "exit 1")]);
    place.write("checkout/public/index.html", "");
    for file in ["package-lock.json", "node_modules/.installed"] {
        place.write(&format!("checkout/tests/audit/{file}"), "{}");
    }
    place.refuses(&["audit"], "`--soft-speed` holds the rest");
}

/// A reader who waits for minutes sees what for.
#[test]
fn what_takes_long_is_told_and_not_silenced() {
    let place = Place::new(&[("cargo", "echo \"$@\"")]);
    for words in [&["record", "ch01-joined"][..], &["bench", "harness"]] {
        let output = place.command(words).output().unwrap();
        let (ran, said) = (output.stdout, output.stderr);
        let [ran, said] = [ran, said].map(|it| String::from_utf8(it).unwrap());
        let begin = format!("$ cargo {}", ran.split(' ').next().unwrap());
        assert!(said.starts_with(&begin), "{words:?}: {said}");
        assert!(!ran.contains("--quiet"), "{words:?}: {ran}");
    }
}

/// Starts it, and returns when it has said where the book comes up. What it says later is not read.
fn serve(place: &Place, words: &[&str]) -> (Child, BufReader<ChildStderr>, String) {
    let mut command = place.command(words);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let address = said.by_ref().lines().find_map(|line| {
        let line = line.unwrap();
        let (_, address) = line.split_once("http://127.0.0.1:")?;
        Some(address.split('/').next().unwrap().to_owned())
    });
    (child, said, address.expect("it says where"))
}

#[test]
fn two_that_are_served_at_once_have_a_port_and_a_folder_each_also_in_two_checkouts() {
    // As Zola does, it listens late: here, not at all.
    let zola =
        format!("{ZOLA}until [ -e go ] || [ ! -e ../bin ]; do /bin/sleep 0.1; done; echo \"$@\"");
    let [this, other] = [0, 1].map(|_| Place::new(&[("zola", &zola)]));
    for (places, words) in [
        ([&this, &this], &["serve"][..]),
        ([&this, &this], &["serve", "--port", "0"]),
        ([&this, &other], &["serve"]),
    ] {
        let [one, two] = places.map(|place| serve(place, words));
        assert_ne!(one.2, two.2);
        places[1].refuses(
            &["serve", "--port", &one.2],
            &format!("port {} is taken", one.2),
        );
        for place in places {
            place.write("checkout/go", "");
        }
        for (child, _said, port) in [one, two] {
            assert!(port.parse::<u16>().is_ok_and(|port| port > 0), "{port:?}");
            let output = child.wait_with_output().unwrap();
            let given = String::from_utf8(output.stdout).unwrap();
            assert!(given.contains(&format!("--port {port} ")), "{given}");
            assert!(given.contains(&format!("/serve/{port} ")), "{given}");
        }
        for place in [&this, &other] {
            let _ = fs::remove_file(place.0.path().join("checkout/go"));
        }
    }
}
