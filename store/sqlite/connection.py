"""Connections to one SQLite file: one per thread, transactions, time limits, errors in plain words."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import apsw

from core.errors import StoreError, StoreUnavailable
from store import analysis
from store.codecs import storable
from store.sqlite.faults import explained

T = TypeVar("T")

#: The oldest SQLite whose WAL mode keeps every commit when two connections checkpoint at once.
OLDEST_SQLITE = (3, 51, 3)
#: Seconds that a writer waits for another before giving up.
BUSY_SECONDS = 30.0
#: Virtual machine steps between two looks at the clock; about 0.1 ms.
STEPS = 10_000
#: Of the page cache of each connection, in KiB: a web server holds a dozen of them.
CACHE_KIB = 16_384

#: Pages in the log before they are moved into the file: 16 MB, so that bulk loads move each page less often.
CHECKPOINT_PAGES = 4_000

Value = None | int | float | str | bytes


class Link:
    """A connection inside a transaction, with typed rows."""

    def __init__(self, connection: apsw.Connection) -> None:
        self.connection = connection
        self.deadline = float("inf")
        self.depth = 0
        connection.set_progress_handler(self._late, STEPS)

    def _late(self) -> bool:
        return time.monotonic() > self.deadline

    def run(self, sql: str, *values: Value) -> None:
        """Run one statement."""
        self.connection.execute(sql, _bound(values))

    def many(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        """Run one statement for each row; texts must be `storable` already."""
        self.connection.executemany(sql, rows)

    def rows(self, make: Callable[..., T], sql: str, *values: Value) -> list[T]:
        """Return all rows, each made by `make` from its columns."""
        return [make(*row) for row in self.connection.execute(sql, _bound(values))]

    def one(self, make: Callable[..., T], sql: str, *values: Value) -> T | None:
        """Return the first row, None where there is none."""
        for row in self.connection.execute(sql, _bound(values)):
            return make(*row)
        return None

    def number(self, sql: str, *values: Value) -> int:
        """Return the one number that a statement asks for; 0 for no row and for NULL."""
        found = self.one(lambda value: value, sql, *values)
        return int(found or 0)

    def version(self) -> tuple[int, int]:
        """Return what stays the same until anybody writes; of this connection only."""
        return self.number("PRAGMA data_version"), self.connection.total_changes()

    def changes(self) -> int:
        """Return how many rows the last statement changed."""
        return self.connection.changes()


def _bound(values: Sequence[Value]) -> tuple[Value, ...]:
    # A list on the way, because a generator costs twice as much and every statement comes by here.
    return tuple([storable(value) if isinstance(value, str) else value for value in values])


class Database:
    """One SQLite file."""

    def __init__(self, path: Path, *, read_seconds: float, busy_seconds: float = BUSY_SECONDS) -> None:
        version = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
        if version < OLDEST_SQLITE:
            raise StoreUnavailable(
                f"SQLite {apsw.sqlite_lib_version()} can lose commits; "
                "install apsw 3.51.3 or later (pip install --upgrade apsw)"
            )
        self.path = path
        self.read_seconds = read_seconds
        self.busy_seconds = busy_seconds
        self._local = threading.local()
        self._open: weakref.WeakSet[apsw.Connection] = weakref.WeakSet()
        # Writers of one process queue here and not in SQLite's sleeping retries: shorter and fair waits.
        self._writer = threading.Lock()
        self._closed = False

    def link(self) -> Link:
        """Return this thread's connection, opened on first use; never one inherited over a fork."""
        if self._closed:
            raise StoreUnavailable("the store is closed; open it again")
        link: Link | None = getattr(self._local, "link", None)
        if link is None or self._local.pid != os.getpid():
            link = Link(self._connect())
            self._local.link, self._local.pid = link, os.getpid()
        return link

    def _connect(self) -> apsw.Connection:
        with self.faults():
            connection = apsw.Connection(str(self.path))
            # Else SQLite plans a statement anew for each value bound to it, which costs more than running it.
            connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
            connection.set_busy_timeout(int(self.busy_seconds * 1000))
            connection.create_scalar_function("earful_words", _sql_words, 1, deterministic=True)
            connection.create_scalar_function("earful_stems", _sql_stems, 2, deterministic=True)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
            connection.execute("PRAGMA journal_size_limit = 16777216")
            self._open.add(connection)
            return connection

    @contextmanager
    def faults(self) -> Iterator[None]:
        """Turn what apsw raises inside into the store's own errors."""
        try:
            yield
        except apsw.Error as error:
            raise self.explained(error) from error

    def explained(self, error: apsw.Error) -> Exception:
        """Return what apsw raised as the store's own error."""
        return explained(error, self.path, self.busy_seconds)

    def read(self, *, limited: bool = False) -> _Reading:
        """Read one state of the database; `limited` reads are stopped after `read_seconds`."""
        return _Reading(self, limited=limited)

    @contextmanager
    def write(self) -> Iterator[Link]:
        """Write as one act."""
        link = self.link()
        if link.depth:
            raise StoreError("a write began inside another act; this is a fault of Earful, please report it")
        if not self._writer.acquire(timeout=self.busy_seconds):
            raise StoreUnavailable(
                f"another write has held {self.path} for {self.busy_seconds:g} s; try again"
            )
        try:
            with _Transaction(link):
                yield link
        except apsw.Error as error:
            raise self.explained(error) from error
        finally:
            self._writer.release()

    def shrink_log(self) -> None:
        """Move the write-ahead log into the file and empty it, as far as readers let it."""
        link = self.link()
        with self.faults():
            link.connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)

    def close(self) -> None:
        """End all connections; a second call does nothing."""
        self._closed = True
        for connection in list(self._open):
            connection.close()


class _Reading:
    """One act of reading: all of it sees one state. A class, because a generator costs every page more."""

    __slots__ = ("database", "limited", "link", "outermost")

    def __init__(self, database: Database, *, limited: bool) -> None:
        self.database, self.limited = database, limited

    def __enter__(self) -> Link:
        link = self.link = self.database.link()
        self.outermost = not link.depth
        if not self.outermost:
            return link
        try:
            link.connection.execute("BEGIN")
        except apsw.Error as error:
            raise self.database.explained(error) from error
        link.depth = 1
        if self.limited:
            link.deadline = time.monotonic() + self.database.read_seconds
        return link

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, *__: object) -> None:
        if self.outermost:
            self._end(error)
        if isinstance(error, apsw.Error):
            raise self.database.explained(error) from error

    def _end(self, error: BaseException | None) -> None:
        link = self.link
        link.depth, link.deadline = 0, float("inf")
        try:
            if error is None:
                link.connection.execute("COMMIT")
        except apsw.Error as other:
            raise self.database.explained(other) from other
        finally:
            if link.connection.in_transaction:
                link.connection.execute("ROLLBACK")
        if isinstance(error, apsw.InterruptError):
            raise StoreUnavailable(
                f"this search took longer than {self.database.read_seconds:g} s and was stopped; "
                "add a word, a field or a time range"
            ) from error


class _Transaction:
    """One act of writing: all of it, or nothing; a lock upgrade later would ignore the busy timeout."""

    __slots__ = ("link",)

    def __init__(self, link: Link) -> None:
        self.link = link

    def __enter__(self) -> None:
        self.link.connection.execute("BEGIN IMMEDIATE")
        self.link.depth = 1

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        connection = self.link.connection
        try:
            if kind is None:
                connection.execute("COMMIT")
        except BaseException:
            kind = BaseException
            raise
        finally:
            self.link.depth = 0
            if kind is not None and connection.in_transaction:
                connection.execute("ROLLBACK")


def _sql_words(*values: object) -> str:
    (text,) = values
    return " ".join(analysis.words(text)) if isinstance(text, str) else ""


def _sql_stems(*values: object) -> str:
    text, language = values
    if not isinstance(text, str) or not isinstance(language, str):
        return ""
    return " ".join(analysis.stems(text, language))
