"""Open the store that an address names; copy it away, put it back, move it into another."""

from __future__ import annotations

import uuid
from datetime import datetime
from pathlib import Path

from core.clock import Clock, SystemClock
from core.errors import ConfigError
from core.ports import Store
from core.records import Record, RecordSource
from store import moving, recordfile
from store.recordfile import RecordFile
from store.sqlite import SqliteStore, backups, salvage
from store.sqlite.backups import Progress

SQLITE = "sqlite:///"
CLUSTER = "elasticsearch+http"
#: How files end that `back_up` makes of a cluster, and of a SQLite file.
RECORDS, DATABASE = ".jsonl.gz", ".db"


def open_store(url: str, *, clock: Clock | None = None, only_look: bool = False) -> Store:
    """Open the store at `url`: `sqlite:///relative.db` or `sqlite:////absolute.db`.

    With `only_look` a cluster's indices are not made anew for this version, so nobody waits for that.

    Raises:
        ConfigError: no engine knows such an address.
        StoreError: it cannot be opened; the message says what to do.
    """
    if url.startswith(CLUSTER):
        from store.elastic import ElasticStore  # noqa: PLC0415 — costs 0.3 s that SQLite need not pay

        return ElasticStore.open(url, clock=clock or SystemClock(), only_look=only_look)
    return SqliteStore.open(_file(url), clock=clock or SystemClock())


def is_there(url: str) -> bool:
    """Tell whether something stands at `url` that can be opened, or should be; a server always does."""
    return url.startswith(CLUSTER) or (_file(url).exists() and _file(url).stat().st_size > 0)


def salvaged(url: str, *, now: datetime) -> list[Record]:
    """Return who was forgotten in the store at `url`, from the bytes of a file that cannot be opened.

    Nothing of a cluster: what its server does not give is not to be had.
    """
    return [] if url.startswith(CLUSTER) else salvage.salvaged(_file(url), now=now)


def suffix(url: str) -> str:
    """Return how backups of the store at `url` end."""
    return RECORDS if url.startswith(CLUSTER) else DATABASE


def back_up(url: str, target: Path, *, progress: Progress = backups.silent) -> None:
    """Copy everything in the store at `url` into the file `target` while others go on writing.

    A SQLite store becomes a SQLite file of one moment, a cluster a file of records. It appears when it is
    whole and verified; one that is there already is never overwritten. `progress` is told how much of
    how much is done.

    Raises:
        ConfigError: there is nothing to copy, or the file cannot be written.
        StoreError: the copy failed; no file was left.
    """
    if not url.startswith(CLUSTER):
        backups.back_up(_file(url), target, progress=progress)
        return
    store = open_store(url)
    try:
        named(store)
        recordfile.write(store, target, progress=progress)
    finally:
        store.close()


def restore(url: str, file: Path, *, now: datetime, progress: Progress = backups.silent) -> Path | None:
    """Put what `back_up` wrote in the place of the store at `url`, which nobody may have open.

    Returns where the old database is kept under the date `now`, None where there was none. Into a cluster
    goes what its lost indices held, or everything where it is empty.

    Raises:
        ConfigError: there is no such file, or it would take away what a cluster holds.
        StoreError: it is damaged, foreign or of a newer Earful, or the store is in use; nothing was changed.
    """
    if url.startswith(CLUSTER):
        _restore_cluster(url, file, progress)
        return None
    database = _file(url)
    aside = database.with_name(f"{database.stem}-replaced-{now:%Y%m%dT%H%M%S%fZ}{database.suffix}")
    if file.name.endswith(RECORDS):
        _restore_records(file, database, progress)
        return None
    return backups.restore(file, database, aside, progress=progress)


def _restore_cluster(url: str, file: Path, progress: Progress) -> None:
    from store.elastic import ElasticStore  # noqa: PLC0415 — costs 0.3 s that SQLite need not pay

    store = ElasticStore.open(url, clock=SystemClock())
    source: RecordSource | None = None
    database: SqliteStore | None = None
    try:
        if file.name.endswith(RECORDS):
            source = RecordFile(file)
        else:
            backups.verify(file)
            source = database = SqliteStore.open(file, clock=SystemClock())
        lost = store.restore_indices()
        if lost:
            moving.refill(source, store, store.kinds_in(lost), progress=_told(progress))
        else:
            moving.claim(source, store)
            moving.make_equal(source, store, progress=_told(progress))
    finally:
        store.close()
        if database is not None:
            database.close()


def _restore_records(file: Path, database: Path, progress: Progress) -> None:
    source = RecordFile(file)
    store = SqliteStore.open(database, clock=SystemClock())
    try:
        moving.claim(source, store)
        moving.make_equal(source, store, progress=_told(progress))
    finally:
        store.close()


def _told(progress: Progress) -> moving.Progress:
    return lambda _kind, done, total: progress(done, total)


def move(source: Store, target: Store, *, progress: moving.Progress = moving.silent) -> list[moving.Pass]:
    """Bring `target` to what `source` holds, until a pass finds nothing that differs; return all passes.

    What `source` is told meanwhile comes with a later pass; after `moving.PASSES` it is left at that, and
    the last pass has changes.

    Raises:
        ConfigError: `target` holds something else, or is the newer one; nothing was changed.
        StoreError: one of the two does not answer; the same call goes on from there.
    """
    named(source)
    moving.claim(source, target)
    passes: list[moving.Pass] = []
    while len(passes) < moving.PASSES and (not passes or passes[-1].changes):
        passes.append(moving.make_equal(source, target, progress=progress))
    return passes


def named(store: Store) -> str:
    """Return the name that a store and all its copies have; given at the first call."""
    return store.remember(moving.IDENTITY, uuid.uuid4().hex)


def _file(url: str) -> Path:
    name = url.removeprefix(SQLITE)
    if not url.startswith(SQLITE):
        raise ConfigError(
            f"no store speaks {url!r}; use sqlite:///path/to/earful.db or elasticsearch+http://HOST:9200/PREFIX"
        )
    if not name or name.startswith(":"):
        raise ConfigError(f"{url!r} names no file; use sqlite:///path/to/earful.db")
    return Path(name)
