use std::process::Command;
use std::time::Duration;

use tempfile::NamedTempFile;
use testbed::peer::{Peer, TooLate};

const LIMIT: Duration = Duration::from_secs(30);

fn shell(script: &str) -> anyhow::Result<Peer> {
    let log = NamedTempFile::new().unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    Peer::start(command, log.path())
}

#[test]
fn a_peer_does_what_it_is_told_and_says_what_is_waited_for_in_any_order() {
    let mut peer =
        shell("echo ready; echo early 1; while read order; do echo did $order; echo ok; done")
            .unwrap();
    peer.order("this", LIMIT).unwrap();
    assert_eq!(peer.wait("did", LIMIT).unwrap(), "did this");
    assert_eq!(peer.wait("early", LIMIT).unwrap(), "early 1");
    let error = peer.wait("late", Duration::from_millis(20)).unwrap_err();
    assert!(error.is::<TooLate>(), "{error}");
}

#[test]
fn a_peer_that_ends_is_quoted() {
    let error = shell("echo 'TypeError: x is not a function' >&2; echo again >&2")
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        "it ended: TypeError: x is not a function"
    );
}
