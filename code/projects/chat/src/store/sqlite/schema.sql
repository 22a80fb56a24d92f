BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS meta (id INTEGER PRIMARY KEY CHECK (id = 1), secret BLOB NOT NULL);
INSERT OR IGNORE INTO meta (id, secret) VALUES (1, randomblob(32));

CREATE TABLE IF NOT EXISTS people (name TEXT PRIMARY KEY, key_hash BLOB NOT NULL) STRICT;

CREATE TABLE IF NOT EXISTS rooms (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    epoch INTEGER NOT NULL,
    last INTEGER NOT NULL DEFAULT 0,
    owner TEXT,
    invited_only INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE IF NOT EXISTS lines (
    id INTEGER PRIMARY KEY,
    room INTEGER NOT NULL REFERENCES rooms (id),
    seq INTEGER NOT NULL,
    sender TEXT NOT NULL,
    client_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    text TEXT NOT NULL,
    UNIQUE (room, seq),
    UNIQUE (room, sender, client_id)
) STRICT;

-- A person in a room: invited, or banned.
CREATE TABLE IF NOT EXISTS standing (
    room INTEGER NOT NULL REFERENCES rooms (id),
    person TEXT NOT NULL,
    banned INTEGER NOT NULL,
    PRIMARY KEY (room, person)
) STRICT, WITHOUT ROWID;

CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (text, content = 'lines', content_rowid = 'id');
-- Words are indexed by the writer, once for a transaction; in files of before by each line.
DROP TRIGGER IF EXISTS lines_have_words;
COMMIT;
