//! The scripts. Each call of the broker is one, and so is atomic; Redis keeps them compiled by their
//! hash, and is sent the text again after it forgot them (a restart, `SCRIPT FLUSH`).

use std::sync::LazyLock;

use redis::Script;

/// Taking jobs in stops when memory is full; everything that makes room goes on.
const STOPS_WHEN_FULL: &str = "#!lua";
const GOES_ON_WHEN_FULL: &str = "#!lua flags=allow-oom";
/// Looking goes on whatever keeps Redis from writing: a full disk, too few replicas, being one.
const WRITES_NOTHING: &str = "#!lua flags=no-writes";

const COMMON: &str = include_str!("common.lua");
const JOBS: &str = include_str!("jobs.lua");
const DEAD: &str = include_str!("dead.lua");
const LOOKS: &str = include_str!("look.lua");

type Lazy = LazyLock<Script>;

pub(super) static ENQUEUE: Lazy =
    Lazy::new(|| script(STOPS_WHEN_FULL, &[JOBS, include_str!("enqueue.lua")]));
pub(super) static CLAIM: Lazy = Lazy::new(|| moves(&[include_str!("claim.lua")]));
pub(super) static EXTEND: Lazy = Lazy::new(|| moves(&[include_str!("extend.lua")]));
pub(super) static FINISH: Lazy = Lazy::new(|| moves(&[include_str!("finish.lua")]));
pub(super) static UPKEEP: Lazy = Lazy::new(|| moves(&[DEAD, include_str!("upkeep.lua")]));
pub(super) static SELECT: Lazy = Lazy::new(|| moves(&[DEAD, include_str!("select.lua")]));
pub(super) static CANCEL: Lazy = Lazy::new(|| moves(&[include_str!("cancel.lua")]));
pub(super) static NOTE: Lazy = Lazy::new(|| moves(&[include_str!("note.lua")]));
pub(super) static LOOK: Lazy =
    Lazy::new(|| script(WRITES_NOTHING, &[JOBS, "local AWAIT = false", LOOKS]));
/// A look at one job which notes that its end is waited for.
pub(super) static AWAIT: Lazy = Lazy::new(|| moves(&["local AWAIT = true", LOOKS]));
pub(super) static RIGHTS: Lazy =
    Lazy::new(|| script(GOES_ON_WHEN_FULL, &[include_str!("rights.lua")]));

fn moves(parts: &[&str]) -> Script {
    script(GOES_ON_WHEN_FULL, &[JOBS, &parts.join("\n")])
}

fn script(head: &str, parts: &[&str]) -> Script {
    Script::new(&format!("{head}\n{COMMON}\n{}", parts.join("\n")))
}
