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

pub(super) static ENQUEUE: LazyLock<Script> = LazyLock::new(|| {
    script(
        STOPS_WHEN_FULL,
        &[COMMON, JOBS, include_str!("enqueue.lua")],
    )
});
pub(super) static CLAIM: LazyLock<Script> = LazyLock::new(|| {
    script(
        GOES_ON_WHEN_FULL,
        &[COMMON, JOBS, include_str!("claim.lua")],
    )
});
pub(super) static EXTEND: LazyLock<Script> = LazyLock::new(|| {
    script(
        GOES_ON_WHEN_FULL,
        &[COMMON, JOBS, include_str!("extend.lua")],
    )
});
pub(super) static FINISH: LazyLock<Script> = LazyLock::new(|| {
    script(
        GOES_ON_WHEN_FULL,
        &[COMMON, JOBS, include_str!("finish.lua")],
    )
});
pub(super) static UPKEEP: LazyLock<Script> = LazyLock::new(|| {
    script(
        GOES_ON_WHEN_FULL,
        &[COMMON, JOBS, DEAD, include_str!("upkeep.lua")],
    )
});
pub(super) static SELECT: LazyLock<Script> = LazyLock::new(|| {
    script(
        GOES_ON_WHEN_FULL,
        &[COMMON, JOBS, DEAD, include_str!("select.lua")],
    )
});
pub(super) static CANCEL: LazyLock<Script> = LazyLock::new(|| {
    script(
        GOES_ON_WHEN_FULL,
        &[COMMON, JOBS, include_str!("cancel.lua")],
    )
});
pub(super) static LOOK: LazyLock<Script> = LazyLock::new(|| {
    script(
        WRITES_NOTHING,
        &[
            COMMON,
            JOBS,
            "local AWAIT = false",
            include_str!("look.lua"),
        ],
    )
});
/// A look at one job which notes that its end is waited for.
pub(super) static AWAIT: LazyLock<Script> = LazyLock::new(|| {
    script(
        GOES_ON_WHEN_FULL,
        &[COMMON, JOBS, "local AWAIT = true", include_str!("look.lua")],
    )
});
pub(super) static RIGHTS: LazyLock<Script> =
    LazyLock::new(|| script(GOES_ON_WHEN_FULL, &[COMMON, include_str!("rights.lua")]));
pub(super) static NOTE: LazyLock<Script> =
    LazyLock::new(|| script(GOES_ON_WHEN_FULL, &[COMMON, JOBS, include_str!("note.lua")]));

fn script(head: &str, parts: &[&str]) -> Script {
    Script::new(&format!("{head}\n{}", parts.join("\n")))
}
