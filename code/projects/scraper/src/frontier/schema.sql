CREATE TABLE hosts (
    id      INTEGER PRIMARY KEY,
    name    TEXT NOT NULL UNIQUE,
    queued  INTEGER NOT NULL DEFAULT 0,
    taken   INTEGER NOT NULL DEFAULT 0,
    known   INTEGER NOT NULL DEFAULT 0,
    beyond  INTEGER NOT NULL DEFAULT 0,
    -- Milliseconds: no request before this, and so long between two.
    next_at INTEGER NOT NULL DEFAULT 0,
    delay   INTEGER NOT NULL
) STRICT;
CREATE INDEX hosts_due ON hosts (next_at) WHERE queued > 0;

CREATE TABLE pages (
    id       INTEGER PRIMARY KEY,
    url      TEXT NOT NULL UNIQUE,
    host     INTEGER NOT NULL REFERENCES hosts (id),
    -- 0 queued, 1 taken, 2 done, 3 failed, 4 skipped
    state    INTEGER NOT NULL DEFAULT 0,
    kind     INTEGER NOT NULL,
    depth    INTEGER NOT NULL,
    hops     INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    found_on INTEGER,
    failures INTEGER NOT NULL DEFAULT 0,
    status   INTEGER,
    reason   TEXT,
    etag     TEXT,
    modified TEXT
) STRICT;
CREATE INDEX pages_queued ON pages (host, priority DESC, id) WHERE state = 0;
CREATE INDEX pages_taken ON pages (state) WHERE state = 1;

CREATE TABLE items (
    page INTEGER PRIMARY KEY REFERENCES pages (id),
    item TEXT NOT NULL
) STRICT;
