-- One server after the other, where several start at once.
BEGIN;
SELECT pg_advisory_xact_lock(hashtext('chat'));

CREATE TABLE IF NOT EXISTS meta (id integer PRIMARY KEY CHECK (id = 1), secret bytea NOT NULL);
INSERT INTO meta (id, secret)
SELECT 1, decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')
ON CONFLICT DO NOTHING;

CREATE TABLE IF NOT EXISTS people (name text PRIMARY KEY, key_hash bytea NOT NULL);

CREATE TABLE IF NOT EXISTS rooms (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    epoch bigint NOT NULL,
    last bigint NOT NULL DEFAULT 0,
    owner text,
    invited_only boolean NOT NULL DEFAULT false
);

CREATE TABLE IF NOT EXISTS lines (
    room bigint NOT NULL REFERENCES rooms (id),
    seq bigint NOT NULL,
    sender text NOT NULL,
    client_id text NOT NULL,
    at bigint NOT NULL,
    text text NOT NULL,
    PRIMARY KEY (room, seq),
    UNIQUE (room, sender, client_id)
);
CREATE INDEX IF NOT EXISTS words ON lines USING gin (to_tsvector('simple', text));

-- A person in a room: invited, or banned.
CREATE TABLE IF NOT EXISTS standing (
    room bigint NOT NULL REFERENCES rooms (id),
    person text NOT NULL,
    banned boolean NOT NULL,
    PRIMARY KEY (room, person)
);
COMMIT;
