"""`earful backup` and `earful restore` as a person types them."""

from __future__ import annotations

import fcntl
from datetime import timedelta
from pathlib import Path

import pytest

from cli.backup import free
from core.clock import SystemClock
from store import open_store
from tests.builders import a_mention, a_watch, found
from tests.cli.running import earful


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    store = open_store(f"sqlite:///{tmp_path / 'data' / 'earful.db'}")
    now = SystemClock().now()
    store.save_watch(a_watch(), actor="ada", now=now)
    store.put([found(a_mention())], now=now)
    store.close()
    return tmp_path / "data"


def test_a_backup_is_made_and_put_back(data: Path) -> None:
    done = earful("backup", "--keep", "3", data=data)
    assert done.returncode == 0, done.stderr
    copy = Path(done.stdout.strip())
    assert copy.parent == data / "backups"
    assert "verified" in done.stderr
    (data / "earful.db").unlink()
    done = earful("restore", str(copy), data=data)
    assert done.returncode == 0, done.stderr
    assert earful("count", data=data).stdout == "1\n"
    done = earful("restore", str(copy), data=data)
    assert "is kept as" in done.stderr


def test_a_backup_of_the_same_second_stands_beside_the_other(data: Path) -> None:
    (data / "backups").mkdir()
    now = SystemClock().now()
    taken = {free(data / "backups", ".db", now=now + timedelta(seconds=later)) for later in range(60)}
    for path in taken:
        path.write_text("another")
    done = earful("backup", data=data)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()) not in taken
    assert {path.read_text() for path in taken} == {"another"}


def test_mistakes_are_told_in_one_line(data: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    for arguments, words in (
        (("backup", str(tmp_path / "mine.txt")), "there already"),
        (("backup", str(tmp_path / "new.db"), "--keep", "2"), "--keep counts"),
        (("restore", str(tmp_path / "mine.txt")), "not an Earful database"),
        (("restore", str(tmp_path / "nothing.db")), "there is no backup"),
    ):
        done = earful(*arguments, data=data)
        assert done.returncode == 2
        assert words in done.stderr
        assert done.stderr.count("\n") == 1


def test_nothing_is_restored_under_a_running_earful(data: Path, tmp_path: Path) -> None:
    copy = Path(earful("backup", str(tmp_path / "one.db"), data=data).stdout.strip())
    with (data / "up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = earful("restore", str(copy), data=data)
    assert done.returncode == 2
    assert "already runs" in done.stderr
