use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;

use testbed::program::{Program, output, refusal, under};

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

#[test]
fn a_program_is_started_when_it_says_where_it_listens() {
    let mut program = Program::start(shell(
        "echo starting >&2; echo 'dashboard at http://127.0.0.1:7/ now' >&2; exec sleep 60",
    ));
    assert_eq!(program.address(), "127.0.0.1:7");
    assert_eq!(program.url("/x"), "http://127.0.0.1:7/x");
    assert!(program.log().starts_with("starting\n"));
    assert!(program.memory() > 0);
    let status = program.terminated();
    assert!(!status.success() && status.code().is_none(), "{status}");
}

#[test]
fn a_program_that_ends_before_it_listens_is_quoted_at_once() {
    let failed = catch_unwind(|| drop(Program::start(shell("echo no store >&2; exit 1"))));
    let message = failed.unwrap_err();
    let message = message.downcast_ref::<String>().unwrap();
    assert_eq!(message, "it does not say \"http://\"; it said:\nno store");
}

#[test]
fn a_shell_takes_something_away_from_the_program_that_it_becomes() {
    let mut command = shell("echo \"$NAME has $(ulimit -Sn)\"");
    command.env("NAME", "this");
    let said = output(under("ulimit -Sn 50", &command)).stdout;
    assert_eq!(String::from_utf8(said).unwrap(), "this has 50\n");
}

#[test]
fn a_program_that_greets_before_its_error_refuses_too_late() {
    assert_eq!(
        refusal(shell("echo error: no store >&2; exit 1")),
        "error: no store\n"
    );
    for late in [
        "echo hello >&2; echo error: no store >&2; exit 1",
        "echo hello; echo error: no store >&2; exit 1",
        "echo error: none >&2",
    ] {
        assert!(catch_unwind(|| refusal(shell(late))).is_err(), "{late}");
    }
}

#[test]
fn a_stopped_program_goes_on_and_a_killed_one_is_gone() {
    let mut program = Program::launch(shell("sleep 0.05; echo on >&2; exec sleep 60"));
    program.stop();
    program.go_on();
    program.until_line("on");
    program.kill();
    let again = catch_unwind(AssertUnwindSafe(|| program.ended())).unwrap();
    assert!(!again.success());
}
