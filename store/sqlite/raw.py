"""What a person would write by hand on FTS5: what `earful bench store` compares the store with.

One table with all that the store tells of a mention, one external-content FTS5 index with the stock
tokenizer, rows in order of time, the same durability (WAL, synchronous=FULL). It reads what the store
reads for the same page, and `values` makes of it what a page could show. It works out no stems by
language, copies, brands or erasure, and keeps no figure of a thread while mentions come in.
"""

# The SQL here is put together from our own names; every value is bound.
# ruff: noqa: S608

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import apsw

SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA cache_size = -16384;
PRAGMA wal_autocheckpoint = 4000;
CREATE TABLE IF NOT EXISTS doc (
    docid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, source TEXT NOT NULL, native TEXT NOT NULL,
    kind TEXT NOT NULL, url TEXT, thread TEXT NOT NULL, parent TEXT, author_id TEXT, author TEXT, name TEXT,
    author_url TEXT, followers INTEGER, title TEXT, text TEXT NOT NULL, lang TEXT, published INTEGER NOT NULL,
    known INTEGER NOT NULL, edited INTEGER, deleted INTEGER NOT NULL, score INTEGER, replies INTEGER,
    shares INTEGER, views INTEGER, rating INTEGER, revision INTEGER NOT NULL, context INTEGER NOT NULL,
    own INTEGER NOT NULL, seen INTEGER NOT NULL, copy_of TEXT, watches TEXT NOT NULL, tone TEXT, risk REAL,
    labels TEXT
);
CREATE INDEX IF NOT EXISTS doc_thread ON doc (thread);
CREATE INDEX IF NOT EXISTS doc_author ON doc (author);
CREATE INDEX IF NOT EXISTS doc_source ON doc (source);
CREATE INDEX IF NOT EXISTS doc_risk ON doc (risk);
CREATE TABLE IF NOT EXISTS thread (
    id TEXT PRIMARY KEY, points REAL NOT NULL DEFAULT 0, reasons TEXT NOT NULL DEFAULT '[]',
    status TEXT NOT NULL DEFAULT 'open', assignee TEXT, snoozed INTEGER, pinned INTEGER NOT NULL DEFAULT 0,
    about_us INTEGER NOT NULL DEFAULT 1, tags TEXT NOT NULL DEFAULT '[]', version INTEGER NOT NULL DEFAULT 0,
    size INTEGER NOT NULL, mentions INTEGER NOT NULL, newest INTEGER, own_last INTEGER, ranked INTEGER
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS thread_points ON thread (pinned DESC, points DESC, id);
CREATE INDEX IF NOT EXISTS thread_status ON thread (status);
CREATE INDEX IF NOT EXISTS thread_ranked ON thread (ranked);
CREATE TABLE IF NOT EXISTS note (id INTEGER PRIMARY KEY, thread TEXT, author TEXT, text TEXT, at INTEGER);
CREATE INDEX IF NOT EXISTS note_thread ON note (thread);
CREATE TABLE IF NOT EXISTS correction (doc INTEGER, by TEXT, at INTEGER, tone TEXT, churn INTEGER);
CREATE INDEX IF NOT EXISTS correction_doc ON correction (doc);
CREATE TABLE IF NOT EXISTS audit (
    id INTEGER PRIMARY KEY, at INTEGER, actor TEXT, action TEXT, target TEXT, payload TEXT, digest BLOB,
    hash BLOB
);
CREATE INDEX IF NOT EXISTS audit_target ON audit (target);
CREATE VIRTUAL TABLE IF NOT EXISTS fts USING fts5(
    title, text, content = 'doc', content_rowid = 'docid', tokenize = 'porter unicode61'
);
CREATE TRIGGER IF NOT EXISTS doc_added AFTER INSERT ON doc BEGIN
    INSERT INTO fts (rowid, title, text) VALUES (NEW.docid, NEW.title, NEW.text);
END;
"""
#: What is known of a mention when it comes in, and what is shown of it.
TOLD = (
    *("docid", "id", "source", "native", "kind", "url", "thread", "parent", "author_id", "author", "name"),
    *("author_url", "followers", "title", "text", "lang", "published", "known", "edited", "deleted", "score"),
    *("replies", "shares", "views", "rating", "revision", "context", "own", "seen", "copy_of", "watches"),
)
SHOWN = ", ".join(f"d.{name}" for name in (*TOLD[1:], "tone", "risk", "labels"))
#: Where a shown row holds a time, and lists as JSON.
TIMES = tuple(TOLD[1:].index(name) for name in ("published", "seen"))
LISTS = TOLD[1:].index("watches"), len(TOLD) + 1
ADD = f"INSERT INTO doc ({', '.join(TOLD)}) VALUES ({', '.join('?' * len(TOLD))})"
THREADS = """
INSERT INTO thread (id, points, size, mentions, newest, own_last)
SELECT thread, random() % 100, count(*), sum(NOT own), max(published), max(CASE WHEN own THEN published END)
FROM doc WHERE NOT context GROUP BY thread
"""
#: Where the hits are read from: along FTS5 in order of time, or along the table.
BY_WORD = "FROM fts CROSS JOIN doc d ON d.docid = fts.rowid WHERE fts MATCH ? AND NOT d.context"
BY_ROW = "FROM doc d WHERE NOT d.context"
#: The mention of a thread that is likeliest to leave, and the one that began it.
TOP = """
SELECT docid FROM doc x WHERE x.thread = t.id AND NOT (x.context OR x.own) ORDER BY risk DESC, docid DESC
"""
FIRST = "SELECT title FROM doc x WHERE x.thread = t.id ORDER BY docid"

#: What people decide about a thread, as the audit tells it before and after.
DECIDED = "status, assignee, snoozed, pinned, about_us, tags"
#: A thread that is not ranked comes first when threads are.
DECIDE = "UPDATE thread SET status = ?, version = ?, ranked = NULL WHERE id = ?"

Row = tuple[int | float | str | None, ...]


class Raw:
    """A hand-made index in one file."""

    def __init__(self, path: Path) -> None:
        self.connection = apsw.Connection(str(path))
        self.connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        # A statement is run as far as its rows are read.
        list(self.connection.execute(SCHEMA))

    def add(self, rows: Sequence[Row]) -> None:
        """Store a batch in one transaction."""
        with self.connection:
            self.connection.executemany(ADD, rows)

    def label(self, rows: Iterable[tuple[str | None, float | None, str, str]]) -> None:
        """Store tone, churn risk and the labels as shown, by id; then make the threads."""
        with self.connection:
            self.connection.executemany("UPDATE doc SET tone = ?, risk = ?, labels = ? WHERE id = ?", rows)
            self.connection.execute(THREADS)

    def page(self, match: str | None, where: str, *, limit: int = 50) -> list[Row]:
        """Return the newest hits with their matches marked."""
        marked = ", highlight(fts, 0, '[', ']'), highlight(fts, 1, '[', ']')" if match else ""
        order = "fts.rowid" if match else "d.docid"
        return self._rows(
            f"SELECT {SHOWN}{marked} {_from(match)}{where} ORDER BY {order} DESC LIMIT {limit + 1}", match
        )

    def count(self, match: str | None, where: str) -> list[Row]:
        """Return how many hits there are."""
        return self._rows(f"SELECT count(*) {_from(match)}{where}", match)

    def facets(self, match: str | None, where: str, columns: Sequence[str]) -> list[list[Row]]:
        """Return the commonest values of each column, one statement each."""
        return [
            self._rows(
                f"SELECT d.{column}, count(*) AS n {_from(match)}{where} GROUP BY 1 ORDER BY n DESC LIMIT 20",
                match,
            )
            for column in columns
        ]

    def histogram(self, match: str | None, where: str, width: int) -> list[Row]:
        """Return hits per bar."""
        tones = "sum(d.tone = 'negative'), sum(d.tone = 'neutral'), sum(d.tone = 'positive')"
        sql = f"SELECT d.published / {width:d}, count(*), {tones} {_from(match)}{where} GROUP BY 1"
        return self._rows(sql, match)

    def queue(self, *, limit: int = 50) -> list[Row]:
        """Return the threads that come first, with what shows beside each, and how many there are."""
        sql = f"""
            SELECT {SHOWN}, t.*, ({FIRST} LIMIT 1), (SELECT count(*) FROM note WHERE note.thread = t.id)
            FROM (
                SELECT * FROM thread WHERE +status = 'open' -- along the order, not along the status
                ORDER BY pinned DESC, points DESC, id LIMIT {limit + 1}
            ) t
            JOIN doc d ON d.docid = ({TOP} LIMIT 1)
        """
        rows = self._rows(sql, None)
        said = (
            "SELECT c.* FROM json_each(?) AS shown CROSS JOIN doc d ON d.id = shown.value "
            "CROSS JOIN correction c ON c.doc = d.docid ORDER BY at"
        )
        rows += self._rows(said, json.dumps([row[0] for row in rows]))
        return rows + self._rows("SELECT count(*) FROM thread WHERE status = 'open'", None)

    def thread(self, thread_id: str) -> list[object]:
        """Return a thread's mentions as values, its triage, notes and corrections, of one moment."""
        with self.connection:
            mentions = self._rows(f"SELECT {SHOWN} FROM doc d WHERE thread = ? ORDER BY docid", thread_id)
            head = self._rows("SELECT * FROM thread WHERE id = ?", thread_id)
            notes = self._rows("SELECT * FROM note WHERE thread = ? ORDER BY at", thread_id)
            said = self._rows(
                "SELECT c.* FROM doc d JOIN correction c ON c.doc = d.docid WHERE d.thread = ? ORDER BY at",
                thread_id,
            )
        return [*map(values, mentions), *head, *notes, *said]

    def threads(self) -> list[str]:
        """Return the ids of all threads, the largest first."""
        sql = "SELECT thread FROM doc GROUP BY thread ORDER BY count(*) DESC, thread"
        return [row[0] for row in self.connection.execute(sql)]

    def triaged(self) -> set[str]:
        """Return the ids of the threads that have a triage."""
        return {row[0] for row in self.connection.execute("SELECT id FROM thread")}

    def version(self, thread_id: str) -> int:
        """Return how often a thread's triage was changed."""
        ((version,),) = self.connection.execute("SELECT version FROM thread WHERE id = ?", (thread_id,))
        return int(version)

    def triage(self, thread_id: str, version: int, status: str, at: int) -> tuple[object, ...]:
        """Change a thread's status by compare-and-set, with a chained audit record, as one act.

        What the port asks for: the version that the person saw is compared; the thread is to be ranked anew;
        the record tells the whole triage before and after, is found by its target, and may lose its payload
        without the chain breaking.

        Raises:
            ValueError: somebody changed it first.
        """
        with self.connection:
            run = self.connection.execute
            ((*was, found),) = run(f"SELECT {DECIDED}, version FROM thread WHERE id = ?", (thread_id,))
            if found != version:
                raise ValueError("somebody changed this thread first")
            became = [status, *was[1:]]
            run(DECIDE, (status, version + 1, thread_id))
            payload = json.dumps({"before": [*was, version], "after": [*became, version + 1]})
            digest = hashlib.sha256(payload.encode()).digest()
            last = list(run("SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1")) or [(0, b"")]
            told = (last[0][0] + 1, at, "ada", "triage.resolve", f"thread:{thread_id}")
            chain = hashlib.sha256(last[0][1] + json.dumps(told).encode() + digest).digest()
            run("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*told, payload, digest, chain))
        return (*told, was, became)

    def close(self) -> None:
        """End the connection, the log moved into the file."""
        self.connection.close()

    def _rows(self, sql: str, match: str | None) -> list[Row]:
        return list(self.connection.execute(sql, (match,) if match else ()))


def values(row: Row) -> tuple[object, ...]:
    """Return a shown row as a page could show it: times as times, labels and watches out of their JSON."""
    made: list[object] = list(row)
    for place in TIMES:
        made[place] = datetime.fromtimestamp(int(row[place] or 0) / 1_000_000, UTC)
    for place in LISTS:
        made[place] = json.loads(str(row[place] or "[]"))
    return tuple(made)


def _from(match: str | None) -> str:
    return BY_WORD if match else BY_ROW
