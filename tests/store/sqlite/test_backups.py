"""Backups while others write, put back, and killed at every step."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import apsw
import pytest

from cli.backup import STAMP, dated, is_due, prune
from core.clock import SetClock
from core.errors import ConfigError, StoreCorrupt, StoreReadOnly, StoreTooNew, StoreUnavailable
from core.ports import Store
from core.source import Cursor
from store import back_up, open_store, restore
from store.sqlite import backups
from tests.builders import NOW, a_mention, a_watch, found

BACKUPS = 10


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def opened(path: Path) -> Store:
    return open_store(url(path), clock=SetClock(NOW))


def filled(path: Path, count: int = 50) -> Store:
    store = opened(path)
    store.save_watch(a_watch(), actor="ada", now=NOW)
    batch = [found(a_mention(native_id=f"{count}-{n}", text=f"Acme {n} " * 20)) for n in range(count)]
    store.put(batch, now=NOW)
    return store


def held(path: Path) -> int:
    store = opened(path)
    assert store.check() == []
    count = len(list(store.mentions()))
    store.close()
    return count


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def numbered(number: int) -> tuple[list[str], Cursor]:
    stream = {"newest": number + 7}
    return [str(number + n) for n in range(1, 8)], Cursor(
        watch_id="acme", source="hackernews", stream="all", value=stream
    )


@pytest.mark.faults
def test_backups_taken_while_writing_hold_every_commit_before_them(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    filled(path, 1).close()
    writer, stop, acknowledged = opened(path), threading.Event(), [0]

    def write() -> None:
        while not stop.is_set():
            ids, cursor = numbered(acknowledged[0])
            writer.put([found(a_mention(native_id=one)) for one in ids], now=NOW, cursor=cursor)
            acknowledged[0] += 7

    thread = threading.Thread(target=write)
    thread.start()
    try:
        copies = []
        for number in range(BACKUPS):
            before = acknowledged[0]
            back_up(url(path), tmp_path / "copies" / f"{number}.db")
            copies.append((number, before, acknowledged[0]))
            time.sleep(0.05)
    finally:
        stop.set()
        thread.join()
    assert acknowledged[0] > 7 * BACKUPS
    for number, before, after in copies:
        restored = tmp_path / f"restored{number}" / "earful.db"
        assert restore(url(restored), tmp_path / "copies" / f"{number}.db", now=NOW) is None
        store = opened(restored)
        cursor = store.cursor("acme", "hackernews", "all")
        newest = int(str(cursor.value["newest"])) if cursor else 0
        assert before <= newest <= after + 7
        assert {int(one.mention.native_id) for one in store.mentions() if "-" not in one.mention.id} == set(
            range(1, newest + 1)
        )
        assert store.check() == []
        store.close()


def test_a_backup_is_one_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    store = filled(tmp_path / "earful.db")
    target = tmp_path / "copies" / "one.db"
    back_up(url(tmp_path / "earful.db"), target)
    assert names(target.parent) == {"one.db"}
    assert target.stat().st_mode & 0o777 == 0o600
    assert target.parent.stat().st_mode & 0o777 == 0o700
    assert held(target) == 50
    store.close()


def test_a_backup_never_overwrites(tmp_path: Path) -> None:
    filled(tmp_path / "earful.db").close()
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ConfigError, match="there already"):
        back_up(url(tmp_path / "earful.db"), tmp_path / "mine.txt")
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_without_a_database_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="earful up"):
        back_up(url(tmp_path / "earful.db"), tmp_path / "copy.db")
    assert names(tmp_path) == set()


def test_two_backups_at_once_into_one_directory_are_not_mixed(tmp_path: Path) -> None:
    filled(tmp_path / "earful.db").close()
    told = []

    def second(*_: int) -> None:
        with pytest.raises(StoreUnavailable, match="wait for it") as refused:
            back_up(url(tmp_path / "earful.db"), tmp_path / "copies" / "two.db")
        told.append(refused.value)

    back_up(url(tmp_path / "earful.db"), tmp_path / "copies" / "one.db", progress=second)
    assert told
    assert names(tmp_path / "copies") == {"one.db"}


def test_too_little_room_is_said_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path / "earful.db").close()
    usage = backups.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(backups.shutil, "disk_usage", lambda _: usage._replace(free=10))
    with pytest.raises(StoreReadOnly, match="make room"):
        back_up(url(tmp_path / "earful.db"), tmp_path / "copies" / "one.db")
    assert names(tmp_path / "copies") == set()


def test_a_disk_that_fills_up_leaves_no_half_backup(tmp_path: Path) -> None:
    filled(tmp_path / "earful.db", 500).close()
    script = f"""
import resource, sys
from pathlib import Path
sys.path.insert(0, ".")
from core.errors import StoreReadOnly
from store import back_up
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
try:
    back_up("sqlite:///{tmp_path / "earful.db"}", Path("{tmp_path / "copies" / "one.db"}"))
except StoreReadOnly as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "make room" in done.stdout, done.stderr
    assert names(tmp_path / "copies") == set()


def test_a_restore_brings_everything_back_and_keeps_the_old_database(tmp_path: Path) -> None:
    path, copy = tmp_path / "earful.db", tmp_path / "copies" / "one.db"
    store = filled(path)
    back_up(url(path), copy)
    store.put([found(a_mention(native_id="later"))], now=NOW)
    store.close()
    aside = restore(url(path), copy, now=NOW)
    assert aside is not None
    assert aside.name == "earful-replaced-20260302T120000000000Z.db"
    assert held(path) == 50
    assert held(aside) == 51
    assert held(copy) == 50


def test_a_restore_is_refused_while_a_program_has_the_database_open(tmp_path: Path) -> None:
    path, copy = tmp_path / "earful.db", tmp_path / "copies" / "one.db"
    store = filled(path)
    back_up(url(path), copy)
    script = """
import sys
from pathlib import Path
sys.path.insert(0, ".")
from core.errors import StoreUnavailable
from store import restore
from tests.builders import NOW
try:
    restore("sqlite:///" + sys.argv[1], Path(sys.argv[2]), now=NOW)
except StoreUnavailable as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(path), str(copy)], capture_output=True, text=True, check=False
    )
    assert "stop every Earful process" in done.stdout, done.stderr
    assert store.put([found(a_mention(native_id="later"))], now=NOW).new == 1
    store.close()
    assert held(path) == 51
    assert names(tmp_path) == {"earful.db", "copies"}


def damaged(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for start in range(8192, len(data), 4096):
        data[start : start + 2048] = os.urandom(2048)
    path.write_bytes(bytes(data))


def newer(path: Path) -> None:
    with apsw.Connection(str(path)) as connection:
        connection.execute("PRAGMA user_version = 9999")


def foreign(path: Path) -> None:
    with apsw.Connection(str(path)) as connection:
        connection.execute("PRAGMA application_id = 7")


def text(path: Path) -> None:
    path.write_text("no database at all\n" * 1000)


@pytest.mark.parametrize(
    ("spoil", "error", "words"),
    [
        (damaged, StoreCorrupt, "damaged"),
        (newer, StoreTooNew, "update Earful"),
        (foreign, StoreCorrupt, "no Earful database"),
        (text, StoreCorrupt, "not an Earful database"),
    ],
)
def test_a_backup_that_cannot_be_used_replaces_nothing(
    tmp_path: Path,
    spoil: object,
    error: type[Exception],
    words: str,
) -> None:
    path, copy = tmp_path / "earful.db", tmp_path / "copies" / "one.db"
    store = filled(path)
    back_up(url(path), copy)
    store.close()
    assert callable(spoil)
    spoil(copy)
    with pytest.raises(error, match=words) as refused:
        restore(url(path), copy, now=NOW)
    assert "\n" not in str(refused.value)
    assert held(path) == 50
    assert names(tmp_path) == {"earful.db", "copies"}


def test_a_damaged_database_is_replaced_and_kept(tmp_path: Path) -> None:
    path, copy = tmp_path / "earful.db", tmp_path / "copies" / "one.db"
    store = filled(path)
    back_up(url(path), copy)
    store.close()
    path.write_text("no database at all\n" * 1000)
    (tmp_path / "earful.db-wal").write_bytes(b"x" * 5000)
    aside = restore(url(path), copy, now=NOW)
    assert aside is not None
    assert held(path) == 50
    assert aside.read_text().startswith("no database")


#: Ends itself with SIGKILL before the n-th act on a file name.
KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, ".")
from store import back_up, restore
from tests.builders import NOW
act, path, copy, countdown = sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
def watch(event, arguments):
    global countdown
    if event in ("os.link", "os.rename", "os.remove", "apsw.step"):
        if countdown == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        countdown -= 1
sys.addaudithook(watch)
def step(done, total):
    sys.audit("apsw.step")
if act == "back_up":
    back_up("sqlite:///" + path, copy, progress=step)
else:
    restore("sqlite:///" + path, copy, now=NOW, progress=step)
"""


def killed(act: str, path: Path, copy: Path, countdown: int) -> bool:
    """Run `act` and kill it before its n-th step; False where it came to its end first."""
    command = [sys.executable, "-c", KILLED, act, str(path), str(copy), str(countdown)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode != 0


@pytest.mark.faults
def test_a_kill_at_any_step_of_a_backup_leaves_a_whole_file_or_none(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    filled(path, 1200).close()
    step = 0
    while killed("back_up", path, tmp_path / "copies" / f"{step}.db", step):
        target = tmp_path / "copies" / f"{step}.db"
        assert not target.exists() or held(target) == 1200
        step += 1
    assert step >= 3
    assert held(tmp_path / "copies" / f"{step}.db") == 1200
    assert not [name for name in names(tmp_path / "copies") if name.startswith(".")]
    assert held(path) == 1200


@pytest.mark.faults
def test_a_kill_at_any_step_of_a_restore_leaves_the_old_or_the_new_database(tmp_path: Path) -> None:
    copy, step = tmp_path / "copies" / "one.db", 0
    filled(tmp_path / "other.db", 60).close()
    back_up(url(tmp_path / "other.db"), copy)
    while True:
        path = tmp_path / str(step) / "earful.db"
        path.parent.mkdir()
        filled(path, 50).close()
        if not killed("restore", path, copy, step):
            break
        assert held(path) in (50, 60)
        # The next try goes through, and takes away what the kill left.
        aside = restore(url(path), copy, now=NOW + timedelta(seconds=1))
        assert aside is not None
        assert held(path) == 60
        assert held(aside) in (50, 60)
        assert not [name for name in names(path.parent) if name.startswith(".")]
        assert not any(one != path and one.samefile(path) for one in path.parent.iterdir())
        step += 1
    assert step >= 3


@pytest.mark.faults
def test_kills_at_random_moments_of_a_backup_hurt_nothing(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    filled(path, 3000).close()
    rnd = random.Random(11)
    script = KILLED.replace("sys.addaudithook(watch)", "print('ready', flush=True)")
    for number in range(8):
        target = tmp_path / "copies" / f"{number}.db"
        child = subprocess.Popen(
            [sys.executable, "-c", script, "back_up", str(path), str(target), "0"], stdout=subprocess.PIPE
        )
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(rnd.random() * 0.15)
        child.kill()
        child.communicate()
        assert not target.exists() or held(target) == 3000
    assert held(path) == 3000


def test_scheduled_backups_come_when_due_and_the_oldest_go(tmp_path: Path) -> None:
    filled(tmp_path / "earful.db").close()
    directory, every = tmp_path / "backups", timedelta(hours=24)
    made: list[Path | None] = []
    for step in range(8):
        now = NOW + timedelta(hours=12 * step)
        made.append(None)
        if is_due(directory, every=every, since=NOW, now=now):
            made[-1] = directory / f"earful-{now:{STAMP}}.db"
            back_up(f"sqlite:///{tmp_path / 'earful.db'}", made[-1])
            prune(directory, 2)
    assert [path is not None for path in made] == [False, False, True, False, True, False, True, False]
    kept = [path for _, path in dated(directory)]
    assert kept == [made[4], made[6]]
    assert held(kept[-1]) == 50
