//! The same program three times, and what each says when its actor panics.
//!
//! Run it with `cargo test --manifest-path code/examples/frameworks/Cargo.toml`.

use std::process::Command;

/// What the program prints, line by line. Its panic goes to standard error.
fn printed(program: &str) -> Vec<String> {
    let run = Command::new(program).output().unwrap();
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    let text = String::from_utf8(run.stdout).unwrap();
    text.lines().map(String::from).collect()
}

#[test]
fn by_hand_the_mailbox_is_kept() {
    let said = printed(env!("CARGO_BIN_EXE_by_hand"));
    let expected = [
        "total: 3",
        "the killer: Err(\"no answer\")",
        "the one behind: Ok(0)",
        "the old handle: Ok(0)",
    ];
    assert_eq!(said, expected);
}

#[test]
fn ractor_ends_the_mailbox_with_its_actor() {
    let said = printed(env!("CARGO_BIN_EXE_with_ractor"));
    let expected = [
        "total: 3",
        "the killer: Err(Messaging(RecvErr))",
        "the one behind: Err(Messaging(RecvErr))",
        "the old handle: Err(Messaging(SendErr))",
        "a new handle: Ok(0)",
    ];
    assert_eq!(said, expected);
}

#[test]
fn kameo_keeps_the_mailbox() {
    let said = printed(env!("CARGO_BIN_EXE_with_kameo"));
    let expected = [
        "total: 3",
        "the killer: Err(\"actor stopped\")",
        "the one behind: Ok(0)",
        "the old handle: Some(0)",
    ];
    assert_eq!(said, expected);
}
