"""Copies of the whole database, taken while others write, and put back.

A copy is made in one read transaction, so it holds one state of the database: everything acknowledged
before it began. It appears under its name only when it is whole, synced and has passed its integrity check.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from core.errors import ConfigError, StoreCorrupt, StoreReadOnly, StoreTooNew, StoreUnavailable
from store.sqlite.connection import BUSY_SECONDS
from store.sqlite.faults import explained
from store.sqlite.migrate import APPLICATION_ID, shipped

#: Told how many of how many pages are copied.
Progress = Callable[[int, int], None]
#: Pages copied between two looks at the clock and two words to the person waiting: 4 MB.
STEP_PAGES = 1_000
#: Of files that are not whole yet. What a kill leaves behind under such a name goes with the next copy.
PART = ".earful-part"
#: File systems that know no second name for a file say one of these.
NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


def silent(done: int, total: int) -> None:
    """Tell nobody."""


def back_up(database: Path, target: Path, *, progress: Progress = silent) -> None:
    """Copy the database to `target`, which must not exist yet; others may go on reading and writing.

    Raises:
        ConfigError: there is no such database, `target` is there already, or cannot be written.
        StoreReadOnly: the disk is full.
        StoreUnavailable: another copy is being made in the same directory.
        StoreCorrupt: the database fails its integrity check.
    """
    if not database.is_file():
        raise ConfigError(f"there is no database at {database} to back up; run `earful up` first")
    _refuse_to_overwrite(target)
    with _only_copy_in(target.parent):
        part = _copy(database, target.parent / f".{target.name}{PART}", progress)
        try:
            verify(part, told=database)
            _publish(part, target)
        finally:
            part.unlink(missing_ok=True)


def restore(file: Path, database: Path, aside: Path, *, progress: Progress = silent) -> Path | None:
    """Put the copy `file` in the place of the database; return where the old one is kept, None for none.

    Nobody may have the database open. At every moment the old or the new one stands under its name.

    Raises:
        ConfigError: there is no such file, or the data directory cannot be written.
        StoreCorrupt: the copy is damaged, or no Earful database.
        StoreTooNew: a newer Earful wrote the copy.
        StoreUnavailable: a program still has the database open.
        StoreReadOnly: the disk is full.
    """
    if not file.is_file():
        raise ConfigError(f"there is no backup {file}; name the file that `earful backup` wrote")
    with _only_copy_in(database.parent):
        _forget_unfinished(database)
        part = _copy(file, database.parent / f".{database.name}{PART}", progress)
        try:
            verify(part, told=file)
            if not database.exists():
                part.rename(database)
                _sync_directory(database.parent)
                return None
            with _alone(database):
                _exchange(part, database, aside)
        finally:
            part.unlink(missing_ok=True)
    return aside


def verify(path: Path, *, told: Path | None = None) -> None:
    """Refuse a file that is damaged, foreign, or from a newer Earful; `told` is the name to complain about.

    Raises:
        StoreCorrupt: it is damaged or another program's.
        StoreTooNew: its schema is newer than ours.
    """
    shown = told or path
    with _faults(shown), _opened(path, apsw.SQLITE_OPEN_READONLY) as connection:
        if connection.pragma("application_id") != APPLICATION_ID:
            raise StoreCorrupt(f"{shown} is no Earful database; name a file that `earful backup` wrote")
        version, newest = int(str(connection.pragma("user_version"))), max(shipped())
        if version > newest:
            raise StoreTooNew(
                f"{shown} was written by a newer Earful (schema {version}, this one knows {newest}); "
                "update Earful first"
            )
        found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(3)")]
        broken = list(connection.execute("PRAGMA foreign_key_check"))
    if found != ["ok"]:
        raise StoreCorrupt(f"{shown} is damaged ({found[0]}); use an earlier backup")
    if broken:
        raise StoreCorrupt(f"{shown} is damaged ({len(broken)} rows point nowhere); use an earlier backup")


def _refuse_to_overwrite(target: Path) -> None:
    if target.exists():
        raise ConfigError(f"{target} is there already and stays as it is; choose another name")


def _copy(source: Path, part: Path, progress: Progress) -> Path:
    """Copy a database into a fresh file, synced, with no log beside it."""
    _ensure_room(source, part.parent)
    try:
        # What was said is nobody else's business.
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise _unwritable(part.parent, error) from error
    try:
        with _faults(source), _opened(source, _flags(source)) as old, _opened(part) as new:
            # An open read transaction holds one state, so that writers do not make the copy begin again.
            old.execute("BEGIN")
            old.pragma("user_version")
            with _faults(part), new.backup("main", old, "main") as copying:
                while not copying.done:
                    copying.step(STEP_PAGES)
                    progress(copying.page_count - copying.remaining, copying.page_count)
            old.execute("COMMIT")
            # Without a log the copy is one file; opening the store turns the log on again.
            new.pragma("journal_mode", "delete")
        _sync(part)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return part


def _flags(source: Path) -> int:
    """Return how to open what is copied: the log of a live database needs to be written even by readers."""
    live = source.with_name(f"{source.name}-wal").exists() or os.access(source.parent, os.W_OK)
    return apsw.SQLITE_OPEN_READWRITE if live and os.access(source, os.W_OK) else apsw.SQLITE_OPEN_READONLY


def _ensure_room(source: Path, directory: Path) -> None:
    log = source.with_name(f"{source.name}-wal")
    needed = source.stat().st_size + (log.stat().st_size if log.exists() else 0)
    free = shutil.disk_usage(directory).free
    if free < needed:
        raise StoreReadOnly(
            f"the copy needs {needed >> 20} MB and {directory} has {free >> 20} MB left; make room, "
            "or choose another directory"
        )


def _publish(part: Path, target: Path) -> None:
    """Give a whole file its name; never one that another file has."""
    try:
        target.hardlink_to(part)
    except FileExistsError:
        _refuse_to_overwrite(target)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise _unwritable(target.parent, error) from error
        _refuse_to_overwrite(target)
        part.rename(target)
    part.unlink(missing_ok=True)
    _sync_directory(target.parent)


def _exchange(part: Path, database: Path, aside: Path) -> None:
    """Keep the old file under a second name, then let the new one take its first in one step."""
    _refuse_to_overwrite(aside)
    log = database.with_name(f"{database.name}-wal")
    if log.exists():
        # Only a damaged database still has one here; beside the new file it would be taken for that one's.
        log.rename(aside.with_name(f"{aside.name}-wal"))
    database.with_name(f"{database.name}-shm").unlink(missing_ok=True)
    try:
        aside.hardlink_to(database)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise _unwritable(database.parent, error) from error
        database.rename(aside)
    _sync_directory(database.parent)
    part.rename(database)
    _sync_directory(database.parent)


def _forget_unfinished(database: Path) -> None:
    """Take away second names of the database itself, which a kill between the two steps left."""
    for other in database.parent.glob(f"{database.stem}-*{database.suffix}"):
        if database.exists() and other.samefile(database):
            other.unlink()


@contextmanager
def _alone(database: Path) -> Iterator[None]:
    """Hold the database so that no program has it open, its log moved into it.

    Raises:
        StoreUnavailable: one has.
    """
    with contextlib.ExitStack() as stack:
        try:
            connection = stack.enter_context(_opened(database))
            connection.set_busy_timeout(1_000)
            connection.pragma("locking_mode", "exclusive")
            if connection.pragma("journal_mode", "delete") != "delete":
                raise StoreUnavailable(_IN_USE.format(database))
            connection.execute("BEGIN EXCLUSIVE")
        except (apsw.BusyError, apsw.LockedError) as error:
            raise StoreUnavailable(_IN_USE.format(database)) from error
        except apsw.Error:
            # Damaged: that is why it is being replaced. Nobody can be using it.
            stack.close()
        yield


_IN_USE = "a program still has {} open; stop every Earful process (up, serve, worker, schedule) first"


@contextmanager
def _opened(path: Path, flags: int = apsw.SQLITE_OPEN_READWRITE) -> Iterator[apsw.Connection]:
    connection = apsw.Connection(str(path), flags=flags)
    try:
        connection.set_busy_timeout(int(BUSY_SECONDS * 1000))
        yield connection
    finally:
        connection.close()


@contextmanager
def _faults(path: Path) -> Iterator[None]:
    try:
        yield
    except apsw.Error as error:
        raise explained(error, path, BUSY_SECONDS) from error


@contextmanager
def _only_copy_in(directory: Path) -> Iterator[None]:
    """Let one copy at a time be made in a directory, and clear what a killed one left there.

    Raises:
        StoreUnavailable: another one is being made.
        ConfigError: the directory is not there, or may not be written.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(directory, os.O_RDONLY)
    except OSError as error:
        raise _unwritable(directory, error) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StoreUnavailable(f"another backup is being written in {directory}; wait for it") from None
        for left in directory.glob(f".*{PART}*"):
            left.unlink(missing_ok=True)
        yield
    finally:
        os.close(handle)


def _unwritable(directory: Path, error: OSError) -> ConfigError:
    why = (error.strerror or str(error)).lower()
    return ConfigError(f"cannot write to {directory} ({why}); choose another directory")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_directory(directory: Path) -> None:
    _sync(directory)
