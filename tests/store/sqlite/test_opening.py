from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import apsw
import pytest

from core.clock import SetClock
from core.errors import ConfigError, StoreCorrupt, StoreReadOnly, StoreTooNew, StoreUnavailable
from core.ports import Store
from store import open_store
from store.sqlite import SqliteStore
from store.sqlite.connection import Database
from store.sqlite.migrate import migrate, shipped
from tests.builders import NOW, a_mention, a_watch, found
from tests.store.contract.asking import ask, ids


def at(path: Path) -> Store:
    return open_store(f"sqlite:///{path}", clock=SetClock(NOW))


def filled(path: Path) -> Store:
    store = at(path)
    store.save_watch(a_watch(), actor="ada", now=NOW)
    store.put([found(a_mention(native_id=str(n))) for n in range(50)], now=NOW)
    return store


def test_a_sqlite_that_can_lose_commits_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: "3.51.2")
    with pytest.raises(StoreUnavailable, match=r"3\.51\.2 .* apsw"):
        at(tmp_path / "earful.db")


@pytest.mark.parametrize("url", ["sqlite:///", "sqlite:///:memory:", "postgres://x", "earful.db", ""])
def test_an_address_that_no_engine_knows_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="sqlite:///path"):
        open_store(url)


def test_the_database_of_a_newer_earful_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    filled(path).close()
    with apsw.Connection(str(path)) as connection:
        connection.execute("PRAGMA user_version = 9999")
    before = path.read_bytes()
    with pytest.raises(StoreTooNew, match="update Earful"):
        at(path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    path.write_bytes(b"this is not a database, whatever its name says\n" * 200)
    with pytest.raises(StoreCorrupt, match="not an Earful database"):
        at(path)


def test_the_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.close()
    with pytest.raises(StoreCorrupt, match="another program"):
        at(path)


def test_a_damaged_file_is_said_to_be_damaged(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    filled(path).close()
    data = bytearray(path.read_bytes())
    for start in range(8192, len(data), 4096):
        data[start : start + 2048] = os.urandom(2048)
    path.write_bytes(bytes(data))
    with pytest.raises(StoreCorrupt, match="restore the last backup"):
        list(at(path).mentions())


@pytest.mark.parametrize("directory", ["/proc/earful", "/nowhere/at/all"])
def test_a_directory_that_cannot_be_written_is_named(directory: str) -> None:
    with pytest.raises(StoreReadOnly, match=directory):
        at(Path(directory) / "earful.db")


def test_a_file_that_may_not_be_written_takes_no_writes(tmp_path: Path) -> None:
    store = filled(tmp_path / "earful.db")
    assert isinstance(store, SqliteStore)
    store.database.link().connection.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreReadOnly, match="may not be written"):
        store.put([found()], now=NOW)
    assert store.count(ask("")).value == 50


def test_a_lock_held_too_long_is_said(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    filled(path).close()
    store = SqliteStore.open(path, clock=SetClock(NOW), busy_seconds=0.1)
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="locked"):
        store.put([found()], now=NOW)
    other.execute("ROLLBACK")
    assert store.put([found(a_mention(native_id="later"))], now=NOW).new == 1


def test_a_search_that_takes_too_long_is_stopped_with_a_hint(tmp_path: Path) -> None:
    filled(tmp_path / "earful.db").close()
    store = SqliteStore.open(tmp_path / "earful.db", clock=SetClock(NOW), read_seconds=0)
    store.database.link().connection.set_progress_handler(store.database.link()._late, 1)
    with pytest.raises(StoreUnavailable, match="add a word"):
        store.search(ask("acme"))
    assert len(list(store.mentions())) == 50
    assert store.put([found(a_mention(native_id="later"))], now=NOW).new == 1


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = filled(tmp_path / "earful.db")
    store.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        store.watches()


def test_a_failing_migration_leaves_the_version_before_it(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    filled(path).close()
    newest = max(shipped())
    steps = {
        **shipped(),
        newest + 1: "CREATE TABLE fine (a);",
        newest + 2: "CREATE TABLE half (a); CREATE TABLE half (a);",
    }
    with pytest.raises(Exception, match="half"):
        migrate(Database(path, read_seconds=2), steps)
    connection = apsw.Connection(str(path))
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema")]
    assert list(connection.execute("PRAGMA user_version")) == [(newest + 1,)]
    assert "fine" in tables
    assert "half" not in tables


MIGRATING = """
import sys
from pathlib import Path
from store.sqlite.connection import Database
from store.sqlite.migrate import migrate, shipped
steps = dict(shipped())
newest = max(steps)
numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 20000)"
rows = numbers + " INSERT INTO grown SELECT i, hex(randomblob(50)) FROM n;"
steps[newest + 1] = "CREATE TABLE grown (i INTEGER, t TEXT);" + rows * 20
print("ready", flush=True)
migrate(Database(Path(sys.argv[1]), read_seconds=2), steps)
print("done", flush=True)
"""


def test_a_kill_in_the_middle_of_a_migration_leaves_a_whole_database(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    filled(path).close()
    newest, versions = max(shipped()), set()
    for number in range(6):
        child = subprocess.Popen([sys.executable, "-c", MIGRATING, str(path)], stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(0.02 + 0.04 * number)
        child.send_signal(signal.SIGKILL)
        child.communicate()
        connection = apsw.Connection(str(path))
        ((version,),) = connection.execute("PRAGMA user_version")
        versions.add(version)
        assert list(connection.execute("PRAGMA integrity_check")) == [("ok",)]
        ((grown,),) = connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'grown'")
        assert grown == (version > newest)
        connection.close()
    assert newest in versions


def test_texts_are_indexed_anew_when_the_analysis_changed(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    filled(path).close()
    connection = apsw.Connection(str(path))
    connection.execute("UPDATE memo SET value = 'of old' WHERE key = 'analysis'")
    connection.close()
    store = at(path)
    assert len(ids(store, "acme")) == 50
    assert store.check() == []
