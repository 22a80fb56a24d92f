-- One row a job. `state` says where it is, `rank` where in line there:
--   0 ready      when it became ready, in microseconds, minus priority x aging
--   1 delayed    when it falls due
--   2 blocked    0
--   3 running    when its lease ends
--   4 completed  when it is forgotten
--   5 dead       when it died, in microseconds
--   6 canceled   when it is forgotten
-- Times are milliseconds since 1970 where nothing else is said.
CREATE TABLE jobs (
    seq          INTEGER PRIMARY KEY,
    id           BLOB    NOT NULL UNIQUE,
    queue        TEXT    NOT NULL,
    state        INTEGER NOT NULL,
    rank         INTEGER NOT NULL,
    stamp        INTEGER NOT NULL,           -- when it became ready, in microseconds; no two are alike
    token        INTEGER NOT NULL DEFAULT 0, -- of the last lease; one more once that lease is void
    failures     INTEGER NOT NULL DEFAULT 0,
    recoveries   INTEGER NOT NULL DEFAULT 0,
    blockers     INTEGER NOT NULL DEFAULT 0,
    cancel       INTEGER NOT NULL DEFAULT 0,
    worker       TEXT,
    claimed_at   INTEGER,
    ended_at     INTEGER,
    due          INTEGER NOT NULL,           -- when it may start, however long it is blocked
    enqueued_at  INTEGER NOT NULL,
    priority     INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL,
    max_age      INTEGER,
    timeout      INTEGER NOT NULL,
    keep_result  INTEGER NOT NULL,
    task         TEXT    NOT NULL,
    unique_key   TEXT,
    trace        TEXT,
    progress     TEXT,
    error        TEXT,
    history      TEXT    NOT NULL DEFAULT '', -- attempts that did not complete, one JSON object a line
    result       TEXT,
    payload      TEXT    NOT NULL
) STRICT;

-- A job stands in one of these at a time: to move it is one deletion and one insertion.
-- A condition with IN would make SQLite build and drop a table of its list twice with every move,
-- which costs more than the move itself; OR costs a comparison.
CREATE INDEX jobs_ready ON jobs (queue, rank) WHERE state = 0;
CREATE INDEX jobs_timed ON jobs (state, rank) WHERE state = 1 OR state = 3 OR state = 4 OR state = 6;
CREATE INDEX jobs_dead ON jobs (queue, rank) WHERE state = 5;

-- `child` is blocked until `parent` has completed.
CREATE TABLE edges (
    parent BLOB NOT NULL,
    child  BLOB NOT NULL,
    PRIMARY KEY (parent, child)
) STRICT, WITHOUT ROWID;
CREATE INDEX edges_child ON edges (child);

CREATE TABLE unique_keys (
    queue   TEXT    NOT NULL,
    key     TEXT    NOT NULL,
    job     BLOB    NOT NULL,
    expires INTEGER NOT NULL,
    PRIMARY KEY (queue, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX unique_keys_expire ON unique_keys (expires);

-- How many jobs of a queue are in a state, and how many ever went which way: kept with every move,
-- so that numbers cost the same at any depth. The name `paused` counts 1 while the queue is paused.
CREATE TABLE counts (
    queue TEXT    NOT NULL,
    name  TEXT    NOT NULL,
    n     INTEGER NOT NULL,
    PRIMARY KEY (queue, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE schedules (
    name     TEXT    PRIMARY KEY,
    schedule TEXT    NOT NULL, -- JSON
    next     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE workers (
    id      TEXT    PRIMARY KEY,
    report  TEXT    NOT NULL, -- JSON
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The last stamp given out.
CREATE TABLE stamps (last INTEGER NOT NULL) STRICT;
INSERT INTO stamps VALUES (0);

PRAGMA application_id = 1952543345; -- "taq1"
PRAGMA user_version = 1;
