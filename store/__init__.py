"""Open the store that an address names; copy it away and put it back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from core.clock import Clock, SystemClock
from core.errors import ConfigError
from core.ports import Store
from store.sqlite import SqliteStore, backups
from store.sqlite.backups import Progress

SQLITE = "sqlite:///"
CLUSTER = "elasticsearch+http"


def open_store(url: str, *, clock: Clock | None = None) -> Store:
    """Open the store at `url`: `sqlite:///relative.db` or `sqlite:////absolute.db`.

    Raises:
        ConfigError: no engine knows such an address.
        StoreError: it cannot be opened; the message says what to do.
    """
    if url.startswith(CLUSTER):
        from store.elastic import ElasticStore  # noqa: PLC0415 — an extra that most installations do without

        return ElasticStore.open(url, clock=clock or SystemClock())
    return SqliteStore.open(_file(url), clock=clock or SystemClock())


def back_up(url: str, target: Path, *, progress: Progress = backups.silent) -> None:
    """Copy everything in the store at `url` into the file `target` while others go on writing.

    The file appears when it is whole and verified; one that is there already is never overwritten.
    `progress` is told how much of how much is done.

    Raises:
        ConfigError: there is nothing to copy, or the file cannot be written.
        StoreError: the copy failed; no file was left.
    """
    backups.back_up(_file(url), target, progress=progress)


def restore(url: str, file: Path, *, now: datetime, progress: Progress = backups.silent) -> Path | None:
    """Put what `back_up` wrote in the place of the store at `url`, which nobody may have open.

    Returns where the old database is kept under the date `now`, None where there was none.

    Raises:
        ConfigError: there is no such file.
        StoreError: it is damaged, foreign or of a newer Earful, or the store is in use; nothing was changed.
    """
    database = _file(url)
    aside = database.with_name(f"{database.stem}-replaced-{now:%Y%m%dT%H%M%S%fZ}{database.suffix}")
    return backups.restore(file, database, aside, progress=progress)


def _file(url: str) -> Path:
    if url.startswith(CLUSTER):
        raise ConfigError(
            "a backup is one SQLite file, and this store is a cluster; use the cluster's snapshots, "
            "or copy everything into a file with `earful move`"
        )
    name = url.removeprefix(SQLITE)
    if not url.startswith(SQLITE):
        raise ConfigError(f"no store speaks {url!r}; use sqlite:///path/to/earful.db")
    if not name or name.startswith(":"):
        raise ConfigError(f"{url!r} names no file; use sqlite:///path/to/earful.db")
    return Path(name)
