-- The first schema. `docid` is the second of publication shifted left by 20 bits plus a counter, so that
-- every index, and FTS5 itself, hands out hits in order of time without sorting (docs/decisions/0010).
-- Times are whole microseconds since 1970.

CREATE TABLE memo (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE watch (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID;

-- Names that repeat in millions of rows are kept once.
CREATE TABLE source (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE brand (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE model (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE stem_language (name TEXT PRIMARY KEY) WITHOUT ROWID;

CREATE TABLE author (
    id INTEGER PRIMARY KEY,
    service_id TEXT,
    handle TEXT,
    name TEXT,
    url TEXT,
    shown TEXT NOT NULL,
    digest INTEGER NOT NULL UNIQUE
);
-- What `author:` compares: handle, name and id without case.
CREATE TABLE author_key (
    key TEXT NOT NULL,
    author INTEGER NOT NULL REFERENCES author(id) ON DELETE CASCADE,
    PRIMARY KEY (key, author)
) WITHOUT ROWID;

CREATE TABLE thread (
    tid INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    source INTEGER NOT NULL REFERENCES source(id),
    -- made from mentions
    mentions INTEGER NOT NULL DEFAULT 0,
    size INTEGER NOT NULL DEFAULT 0,
    newest INTEGER,
    own_last INTEGER,
    waiting_since INTEGER,
    sequence INTEGER NOT NULL DEFAULT 0,
    -- made by ranking
    ranked_sequence INTEGER NOT NULL DEFAULT -1,
    ranked_at INTEGER,
    points REAL NOT NULL DEFAULT 0,
    reasons TEXT NOT NULL DEFAULT '[]',
    -- decided by people
    status TEXT NOT NULL DEFAULT 'open',
    assignee TEXT,
    snoozed_until INTEGER,
    pinned INTEGER NOT NULL DEFAULT 0,
    not_about_us INTEGER NOT NULL DEFAULT 0,
    tags TEXT NOT NULL DEFAULT '[]',
    version INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX thread_by_points ON thread (pinned DESC, points DESC, id, status) WHERE mentions > 0;
CREATE INDEX thread_by_newest ON thread (pinned DESC, newest DESC, id, status) WHERE mentions > 0;
CREATE INDEX thread_by_waiting ON thread (pinned DESC, waiting_since IS NULL, waiting_since, id, status)
    WHERE mentions > 0;
CREATE INDEX thread_by_status ON thread (status, snoozed_until) WHERE mentions > 0;
CREATE INDEX thread_by_assignee ON thread (assignee) WHERE assignee IS NOT NULL;
CREATE INDEX thread_changed ON thread (tid) WHERE ranked_sequence < sequence;
CREATE INDEX thread_ranked ON thread (ranked_at) WHERE status = 'open';
CREATE INDEX thread_snoozed ON thread (snoozed_until) WHERE status = 'snoozed';

CREATE TABLE thread_tag (
    tag TEXT NOT NULL,
    thread INTEGER NOT NULL REFERENCES thread(tid) ON DELETE CASCADE,
    PRIMARY KEY (tag, thread)
) WITHOUT ROWID;
CREATE INDEX thread_tag_thread ON thread_tag (thread);

-- What searches filter and count by: narrow, so that thousands of hits touch few pages.
CREATE TABLE mention (
    docid INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    published INTEGER NOT NULL,
    source INTEGER NOT NULL REFERENCES source(id),
    thread INTEGER NOT NULL REFERENCES thread(tid),
    author INTEGER NOT NULL REFERENCES author(id),
    lang TEXT NOT NULL,
    context INTEGER NOT NULL,
    own INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    linked INTEGER NOT NULL,
    rating INTEGER,
    revision INTEGER NOT NULL,
    -- SimHash of what was said, NULL for short texts; the earliest mention at most 3 bits away.
    simhash INTEGER,
    duplicate_of INTEGER,
    -- What labels and corrections toward the watches' products say; see pair.
    risk REAL NOT NULL DEFAULT -1,
    tones INTEGER NOT NULL DEFAULT 0,
    churns INTEGER NOT NULL DEFAULT 0,
    intents INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX mention_thread ON mention (thread);
CREATE INDEX mention_author ON mention (author);
CREATE INDEX mention_source ON mention (source);
CREATE INDEX mention_risk ON mention (risk);
CREATE INDEX mention_duplicate ON mention (duplicate_of) WHERE duplicate_of IS NOT NULL;

-- What is shown.
CREATE TABLE body (
    docid INTEGER PRIMARY KEY REFERENCES mention(docid) ON UPDATE CASCADE ON DELETE CASCADE,
    native_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    url TEXT,
    parent_id TEXT,
    title TEXT,
    text TEXT NOT NULL,
    language TEXT,
    stem_lang TEXT NOT NULL,
    published_known INTEGER NOT NULL,
    edited INTEGER,
    followers INTEGER,
    score INTEGER,
    replies INTEGER,
    shares INTEGER,
    views INTEGER,
    content_hash BLOB NOT NULL,
    first_seen INTEGER NOT NULL,
    deleted_at INTEGER
);

-- Earlier revisions; the newest is in body.
CREATE TABLE revision (
    docid INTEGER NOT NULL REFERENCES mention(docid) ON UPDATE CASCADE ON DELETE CASCADE,
    revision INTEGER NOT NULL,
    title TEXT,
    text TEXT NOT NULL,
    rating INTEGER,
    edited INTEGER,
    deleted INTEGER NOT NULL,
    PRIMARY KEY (docid, revision)
) WITHOUT ROWID;

CREATE TABLE mention_watch (
    docid INTEGER NOT NULL REFERENCES mention(docid) ON UPDATE CASCADE ON DELETE CASCADE,
    watch TEXT NOT NULL,
    matched INTEGER NOT NULL,
    PRIMARY KEY (docid, watch)
) WITHOUT ROWID;

-- A mention and a brand: what the text names, what is to be labelled, the answer, and what of it counts.
CREATE TABLE pair (
    docid INTEGER NOT NULL REFERENCES mention(docid) ON UPDATE CASCADE ON DELETE CASCADE,
    brand INTEGER NOT NULL REFERENCES brand(id),
    -- The product of a watch that the mention matched; a label is wanted; named as product, as rival.
    product INTEGER NOT NULL DEFAULT 0,
    wanted INTEGER NOT NULL DEFAULT 0,
    names_product INTEGER NOT NULL DEFAULT 0,
    names_rival INTEGER NOT NULL DEFAULT 0,
    -- The model that answered the newest revision; 0 for none yet.
    answer INTEGER NOT NULL DEFAULT 0,
    labels TEXT,
    lease_owner TEXT,
    lease_until INTEGER,
    lease_model INTEGER,
    -- After corrections: churn probability (-1 for unknown), bits of tone, churn and intents.
    risk REAL NOT NULL DEFAULT -1,
    tones INTEGER NOT NULL DEFAULT 0,
    churns INTEGER NOT NULL DEFAULT 0,
    intents INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (docid, brand)
) WITHOUT ROWID;
CREATE INDEX pair_todo ON pair (answer, docid DESC) WHERE wanted = 1;
CREATE INDEX pair_brand ON pair (brand, docid);

-- Bands of the 64-bit SimHash: two hashes at most 3 bits apart share at least one band of 16 bits. Only
-- the earliest mention of each hash stands here, so that a flood of copies costs nothing.
CREATE TABLE near (
    band INTEGER NOT NULL,
    simhash INTEGER NOT NULL,
    docid INTEGER NOT NULL,
    PRIMARY KEY (band, simhash)
) WITHOUT ROWID;

CREATE TABLE note (
    id TEXT PRIMARY KEY,
    thread INTEGER NOT NULL REFERENCES thread(tid),
    author TEXT NOT NULL,
    text TEXT NOT NULL,
    at INTEGER NOT NULL
);
CREATE INDEX note_thread ON note (thread);

CREATE TABLE correction (
    docid INTEGER NOT NULL REFERENCES mention(docid) ON UPDATE CASCADE ON DELETE CASCADE,
    brand INTEGER NOT NULL REFERENCES brand(id),
    at INTEGER NOT NULL,
    by TEXT NOT NULL,
    tone TEXT,
    churn INTEGER,
    PRIMARY KEY (docid, brand, at, by)
) WITHOUT ROWID;

CREATE TABLE cursor (
    watch TEXT NOT NULL,
    source TEXT NOT NULL,
    stream TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (watch, source, stream)
) WITHOUT ROWID;

CREATE TABLE source_state (
    watch TEXT NOT NULL,
    source TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (watch, source)
) WITHOUT ROWID;

CREATE TABLE user (
    name TEXT PRIMARY KEY,
    role TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    password_hash TEXT,
    disabled INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE session (
    token_hash TEXT PRIMARY KEY,
    user TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE sign_in_link (
    token_hash TEXT PRIMARY KEY,
    user TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;

-- Append-only. `hash` covers the hash before it and the payload's digest, so a payload that had to be
-- erased leaves the chain whole.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    payload TEXT,
    payload_digest BLOB NOT NULL,
    hash BLOB NOT NULL
);
CREATE INDEX audit_target ON audit (target);
CREATE TRIGGER audit_never_removed BEFORE DELETE ON audit BEGIN
    SELECT raise(ABORT, 'the audit is append-only');
END;
CREATE TRIGGER audit_never_changed BEFORE UPDATE ON audit
WHEN NEW.payload IS NOT NULL OR (NEW.id, NEW.at, NEW.actor, NEW.action, NEW.target, NEW.payload_digest, NEW.hash)
    IS NOT (OLD.id, OLD.at, OLD.actor, OLD.action, OLD.target, OLD.payload_digest, OLD.hash) BEGIN
    SELECT raise(ABORT, 'the audit is append-only');
END;

CREATE TABLE work (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    at INTEGER NOT NULL,
    state TEXT NOT NULL,
    outcome TEXT NOT NULL,
    lease_until INTEGER,
    lease_owner TEXT
);
CREATE INDEX work_todo ON work (at, number) WHERE state IN ('waiting', 'running');
CREATE INDEX work_newest ON work (at, number);

CREATE TABLE outbox (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    channel TEXT NOT NULL,
    payload TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    last_error TEXT NOT NULL,
    sent_at INTEGER,
    lease_until INTEGER,
    lease_owner TEXT
);
CREATE INDEX outbox_due ON outbox (due_at, number) WHERE sent_at IS NULL;

-- The words of a mention as store.analysis makes them; FTS5 splits them at the spaces and changes nothing:
-- `ascii` takes every character beyond ASCII as part of a word, and ours hold no other ASCII signs.
CREATE VIEW spoken AS SELECT
    docid,
    earful_words(title) AS title,
    earful_words(text) AS text,
    earful_stems(title, stem_lang) AS title_stem,
    earful_stems(text, stem_lang) AS text_stem
FROM body;

CREATE VIRTUAL TABLE word USING fts5(
    title, text, title_stem, text_stem,
    content = 'spoken', content_rowid = 'docid', tokenize = 'ascii'
);
-- Deleted text leaves no bytes in the index.
INSERT INTO word (word, rank) VALUES ('secure-delete', 1);

CREATE TRIGGER word_added AFTER INSERT ON body BEGIN
    INSERT INTO word (rowid, title, text, title_stem, text_stem) VALUES (
        NEW.docid, earful_words(NEW.title), earful_words(NEW.text),
        earful_stems(NEW.title, NEW.stem_lang), earful_stems(NEW.text, NEW.stem_lang));
END;
CREATE TRIGGER word_removed AFTER DELETE ON body BEGIN
    INSERT INTO word (word, rowid, title, text, title_stem, text_stem) VALUES (
        'delete', OLD.docid, earful_words(OLD.title), earful_words(OLD.text),
        earful_stems(OLD.title, OLD.stem_lang), earful_stems(OLD.text, OLD.stem_lang));
END;
CREATE TRIGGER word_changed AFTER UPDATE OF docid, title, text, stem_lang ON body BEGIN
    INSERT INTO word (word, rowid, title, text, title_stem, text_stem) VALUES (
        'delete', OLD.docid, earful_words(OLD.title), earful_words(OLD.text),
        earful_stems(OLD.title, OLD.stem_lang), earful_stems(OLD.text, OLD.stem_lang));
    INSERT INTO word (rowid, title, text, title_stem, text_stem) VALUES (
        NEW.docid, earful_words(NEW.title), earful_words(NEW.text),
        earful_stems(NEW.title, NEW.stem_lang), earful_stems(NEW.text, NEW.stem_lang));
END;
