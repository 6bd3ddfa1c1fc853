"""What a person would write by hand on FTS5: the baseline that `earful bench store` compares the store with.

One table, one external-content FTS5 index with the stock tokenizer, rows in order of time, the same
durability (WAL, synchronous=FULL). It knows no revisions, labels by brand, languages, copies or erasure.
"""

# The SQL here is put together from our own names; every value is bound.
# ruff: noqa: S608

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import apsw

SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA cache_size = -16384;
PRAGMA wal_autocheckpoint = 4000;
CREATE TABLE IF NOT EXISTS doc (
    docid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, source TEXT NOT NULL, thread TEXT NOT NULL,
    author TEXT NOT NULL, url TEXT, title TEXT, text TEXT NOT NULL, lang TEXT, published INTEGER NOT NULL,
    context INTEGER NOT NULL, own INTEGER NOT NULL, tone TEXT, risk REAL, labels TEXT
);
CREATE INDEX IF NOT EXISTS doc_thread ON doc (thread);
CREATE INDEX IF NOT EXISTS doc_author ON doc (author);
CREATE INDEX IF NOT EXISTS doc_source ON doc (source);
CREATE INDEX IF NOT EXISTS doc_risk ON doc (risk);
CREATE TABLE IF NOT EXISTS thread (
    id TEXT PRIMARY KEY, points REAL NOT NULL DEFAULT 0, pinned INTEGER NOT NULL DEFAULT 0,
    status TEXT NOT NULL DEFAULT 'open', version INTEGER NOT NULL DEFAULT 0, own_last INTEGER, top INTEGER
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS thread_points ON thread (pinned DESC, points DESC, id);
CREATE TABLE IF NOT EXISTS audit (
    id INTEGER PRIMARY KEY, at INTEGER, actor TEXT, target TEXT, payload TEXT, hash BLOB
);
CREATE VIRTUAL TABLE IF NOT EXISTS fts USING fts5(
    title, text, content = 'doc', content_rowid = 'docid', tokenize = 'porter unicode61'
);
CREATE TRIGGER IF NOT EXISTS doc_added AFTER INSERT ON doc BEGIN
    INSERT INTO fts (rowid, title, text) VALUES (NEW.docid, NEW.title, NEW.text);
END;
"""
ADD = """
INSERT INTO doc (docid, id, source, thread, author, url, title, text, lang, published, context, own)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
THREADS = """
INSERT INTO thread (id, points, own_last, top)
SELECT thread, random() % 100, max(CASE WHEN own THEN published END), max(docid) FROM doc
WHERE NOT context GROUP BY thread
"""
#: Where the hits are read from: along FTS5 in order of time, or along the table.
BY_WORD = "FROM fts CROSS JOIN doc d ON d.docid = fts.rowid WHERE fts MATCH ? AND NOT d.context"
BY_ROW = "FROM doc d WHERE NOT d.context"
COLUMNS = "id", "source", "thread", "author", "url", "title", "text", "lang", "published"
SHOWN = ", ".join(f"d.{name}" for name in (*COLUMNS, "tone", "risk", "labels"))

Row = tuple[int | str | None, ...]


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

    def label(self, rows: Iterable[tuple[str, float, str, str]]) -> None:
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
        """Return the threads that come first, with what shows beside each."""
        sql = f"""
            SELECT t.id, t.points, t.status, {SHOWN},
                (SELECT count(*) FROM doc x WHERE x.thread = t.id)
            FROM (
                SELECT * FROM thread WHERE status = 'open'
                ORDER BY pinned DESC, points DESC, id LIMIT {limit + 1}
            ) t
            JOIN doc d ON d.docid = t.top
        """
        total = self._rows("SELECT count(*) FROM thread WHERE status = 'open'", None)
        return self._rows(sql, None) + total

    def thread(self, thread_id: str) -> list[Row]:
        """Return a thread's mentions and its triage."""
        sql = f"SELECT {SHOWN} FROM doc d WHERE thread = ? ORDER BY docid"
        mentions = list(self.connection.execute(sql, (thread_id,)))
        return mentions + list(self.connection.execute("SELECT * FROM thread WHERE id = ?", (thread_id,)))

    def threads(self) -> list[str]:
        """Return the ids of all threads, the largest first."""
        sql = "SELECT thread FROM doc GROUP BY thread ORDER BY count(*) DESC, thread"
        return [row[0] for row in self.connection.execute(sql)]

    def triaged(self) -> set[str]:
        """Return the ids of the threads that have a triage."""
        return {row[0] for row in self.connection.execute("SELECT id FROM thread")}

    def triage(self, thread_id: str, status: str, payload: str) -> None:
        """Change a thread's status by compare-and-set, with a chained audit record, as one act."""
        connection = self.connection
        connection.execute("BEGIN IMMEDIATE")
        found = list(connection.execute("SELECT version FROM thread WHERE id = ?", (thread_id,)))
        connection.execute(
            "UPDATE thread SET status = ?, version = version + 1 WHERE id = ? AND version = ?",
            (status, thread_id, found[0][0]),
        )
        last = list(connection.execute("SELECT hash FROM audit ORDER BY id DESC LIMIT 1"))
        chain = hashlib.sha256((last[0][0] if last else b"") + payload.encode()).digest()
        connection.execute(
            "INSERT INTO audit (at, actor, target, payload, hash) VALUES (0, 'ada', ?, ?, ?)",
            (thread_id, payload, chain),
        )
        connection.execute("COMMIT")

    def close(self) -> None:
        """End the connection, the log moved into the file."""
        self.connection.close()

    def _rows(self, sql: str, match: str | None) -> list[Row]:
        return list(self.connection.execute(sql, (match,) if match else ()))


def _from(match: str | None) -> str:
    return BY_WORD if match else BY_ROW
