-- What people set up (views, macros, mutes, settings), and who has a thread in hand.
-- IF NOT EXISTS: some databases of the hour in which this file had other numbers have these tables already.

CREATE TABLE IF NOT EXISTS kept (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    by TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (kind, key)
) WITHOUT ROWID;

-- Short-lived: a row past its `until` counts for nothing and is swept by the next write.
CREATE TABLE IF NOT EXISTS hold (
    thread TEXT NOT NULL,
    user TEXT NOT NULL,
    doing TEXT NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (thread, user, doing)
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS session_user ON session (user);
