"""Kills, full disks and crowds: what was acknowledged is there, and the file is whole."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from core.clock import SetClock
from core.thread import Note, Triage
from store.sqlite import SqliteStore
from tests.builders import NOW, a_mention, a_watch, found
from tests.store.contract.asking import ask

KILLS = 20


def opened(path: Path) -> SqliteStore:
    return SqliteStore.open(path, clock=SetClock(NOW))


def filled(path: Path) -> SqliteStore:
    store = opened(path)
    store.save_watch(a_watch(), actor="ada", now=NOW)
    return store


WRITER = """
import sys
sys.path.insert(0, ".")
from core.source import Cursor
from store import open_store
from tests.builders import NOW, a_mention, found
store = open_store("sqlite:///" + sys.argv[1])
at = store.cursor("acme", "hackernews", "all")
number = at.value["newest"] if at else 0
while True:
    batch = [found(a_mention(native_id=str(number + n))) for n in range(1, 8)]
    number += 7
    cursor = Cursor(watch_id="acme", source="hackernews", stream="all", value={"newest": number})
    store.put(batch, now=NOW, cursor=cursor)
    print(number, flush=True)
"""


@pytest.mark.faults
def test_what_was_acknowledged_survives_twenty_kills(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    filled(path).close()
    rnd = random.Random(7)
    acknowledged = 0
    for _ in range(KILLS):
        child = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(rnd.random() * 0.15)
        child.send_signal(signal.SIGKILL)
        rest = child.communicate()[0].split()
        store = opened(path)
        cursor = store.cursor("acme", "hackernews", "all")
        assert cursor is not None
        newest = int(str(cursor.value["newest"]))
        acknowledged = max(acknowledged, *map(int, rest), 0) if rest else acknowledged
        assert newest >= acknowledged
        # Nothing before the cursor is missing, and nothing stands beyond it.
        numbers = {int(stored.mention.native_id) for stored in store.mentions()}
        assert numbers == set(range(1, newest + 1))
        assert store.check() == []
        store.close()


def test_a_full_disk_stops_writes_and_loses_nothing(tmp_path: Path) -> None:
    script = f"""
import resource, sys
sys.path.insert(0, ".")
from core.errors import StoreReadOnly
from store import open_store
from tests.builders import NOW, a_mention, found
store = open_store("sqlite:///{tmp_path / "earful.db"}")
resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, resource.RLIM_INFINITY))
stored = 0
while True:
    try:
        batch = [found(a_mention(native_id=str(stored + n), text="Acme " * 50)) for n in range(20)]
        stored += store.put(batch, now=NOW).new
    except StoreReadOnly as error:
        print(stored, error)
        break
assert len(list(store.mentions())) == stored
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert store.put([found(a_mention(native_id="later"))], now=NOW).new == 1
assert store.check() == [], store.check()
"""
    filled(tmp_path / "earful.db").close()
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "make room" in done.stdout
    assert int(done.stdout.split()[0]) > 0


def test_eight_writers_and_eight_readers_never_meet_a_lock(tmp_path: Path) -> None:
    store = filled(tmp_path / "earful.db")
    store.put([found(a_mention(native_id="root"))], now=NOW)
    other = opened(tmp_path / "earful.db")
    end = time.monotonic() + 3

    def write(part: int) -> int:
        mine, number = (store, other)[part % 2], 0
        while time.monotonic() < end:
            mine.put([found(a_mention(native_id=f"{part}-{number}-{n}")) for n in range(5)], now=NOW)
            mine.add_note(
                Note(id=f"{part}-{number}", thread_id="hackernews:root", author="ada", text="x", at=NOW)
            )
            number += 1
        return number * 5

    def read(part: int) -> int:
        mine, number = (store, other)[part % 2], 0
        while time.monotonic() < end:
            mine.search(ask("acme"), limit=5)
            mine.queue(ask("is:open"), limit=5)
            number += 1
        return number

    with ThreadPoolExecutor(16) as pool:
        written = [pool.submit(write, part) for part in range(8)]
        reading = [pool.submit(read, part) for part in range(8)]
        total = sum(job.result() for job in written)
        assert sum(job.result() for job in reading) > 0
    assert len(list(store.mentions())) == total + 1
    assert (tmp_path / "earful.db-wal").stat().st_size < 64 << 20
    assert store.check() == []


def test_every_thread_has_a_connection_of_its_own(tmp_path: Path) -> None:
    store = filled(tmp_path / "earful.db")
    seen: list[object] = [store.database.link().connection]
    thread = threading.Thread(target=lambda: seen.append(store.database.link().connection))
    thread.start()
    thread.join()
    assert seen[0] is not seen[1]
    assert store.database.link().connection is seen[0]


def test_erased_words_leave_no_bytes(tmp_path: Path) -> None:
    store = filled(tmp_path / "earful.db")
    secret = a_mention(text="Acme knows my xyzzysecret and my frobnicating plughword", title="xyzzytitle")
    others = [found(a_mention(text=f"Acme {n} is fine and says nothing much")) for n in range(300)]
    store.put([found(secret), *others], now=NOW)
    edited = replace(secret, text="Acme knows my quuxedit")
    store.put([found(edited)], now=NOW)
    assert any(b"xyzzysecret" in file.read_bytes() for file in tmp_path.iterdir())
    store.put([found(replace(secret, text="", title=None, deleted=True))], now=NOW)
    for file in tmp_path.iterdir():
        data = file.read_bytes()
        for word in (b"xyzzysecret", b"xyzzytitle", b"quuxedit", b"frobnic", b"plughword"):
            assert word not in data, (file.name, word)
    assert store.check() == []


def test_a_changed_audit_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    store = filled(path)
    mention = a_mention()
    store.put([found(mention)], now=NOW)
    store.triage(mention.id, Triage(assignee="ada"), actor="ada", action="triage.assign", now=NOW)
    store.triage(mention.id, Triage(version=1), actor="ada", action="triage.assign", now=NOW)
    connection = store.database.link().connection
    for sql in ("DELETE FROM audit", "UPDATE audit SET actor = 'eve'", "UPDATE audit SET payload = 'x'"):
        with pytest.raises(apsw.ConstraintError, match="append-only"):
            connection.execute(sql)
    # Erasure may empty a payload; the chain stays whole.
    connection.execute("UPDATE audit SET payload = NULL WHERE id = 2")
    assert store.check() == []
    connection.execute("DROP TRIGGER audit_never_changed")
    connection.execute("UPDATE audit SET actor = 'eve' WHERE id = 2")
    assert any("record 2 was changed" in fault for fault in store.check())
    connection.execute("DROP TRIGGER audit_never_removed")
    connection.execute("DELETE FROM audit WHERE id = 2")
    assert any("record 2 is missing" in fault for fault in store.check())


def test_damage_between_tables_is_noticed(tmp_path: Path) -> None:
    store = filled(tmp_path / "earful.db")
    store.put([found(a_mention(native_id="1")), found(a_mention(native_id="2"))], now=NOW)
    connection = store.database.link().connection
    connection.execute(
        "INSERT INTO word (rowid, title, text, title_stem, text_stem) VALUES (7, '', 'ghost', '', '')"
    )
    connection.execute("UPDATE thread SET size = 9")
    faults = store.check()
    assert any("word index" in fault for fault in faults)
    assert any("2 threads whose count" in fault for fault in faults)
