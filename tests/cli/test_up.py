"""`earful up --demo` as a stranger runs it: seen from outside, stopped, killed, started again."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import socket
import time
from pathlib import Path

import pytest

from nlp import MODELS, model_name
from store import open_store
from tests.cli.replayed import assert_equals_the_ledger, wait_until_answered
from tests.cli.running import LINK, Running, descendants, earful, resident_mb, running

#: `EARFUL_KILLS=100` is the figure that the release notes give; a push runs fewer.
KILLS = int(os.environ.get("EARFUL_KILLS", "6"))
#: What `up --demo` starts and starts again, by what stands in its command line.
PARTS = ("cli crawl", "cli worker", "cli serve", "crawlers.replay")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_the_demo_is_read_labelled_and_ranked_and_stops_cleanly(data: Path) -> None:
    with running("--demo", "--recent", data=data) as up:
        up.wait_until(LINK)
        store = open_store(f"sqlite:///{data / 'earful.db'}")
        wait_until_answered(store)
        assert_equals_the_ledger(store)
        assert up.get("/healthz") == 200
        assert up.get("/readyz") == 200
        assert resident_mb([up.process.pid, *descendants(up.process.pid)]) <= 700
        below = descendants(up.process.pid)
        assert up.stop() == 0
        assert not [pid for pid in below if Path(f"/proc/{pid}").exists()]
        store.close()


@pytest.mark.faults
@pytest.mark.timeout(60 + 30 * KILLS)
def test_killing_everything_at_random_moments_loses_and_doubles_nothing(data: Path) -> None:
    seed = int(os.environ.get("EARFUL_FAULT_SEED", str(random.randrange(10_000))))
    print(f"EARFUL_FAULT_SEED={seed}")
    moments = random.Random(seed)
    for _ in range(KILLS):
        with running("--demo", "--recent", data=data) as up:
            time.sleep(moments.uniform(0.5, 7.0))
            assert up.process.poll() is None, up.said
            up.kill_all()
    with running("--demo", "--recent", data=data) as up:
        up.wait_until(LINK)
        store = open_store(f"sqlite:///{data / 'earful.db'}")
        wait_until_answered(store)
        assert_equals_the_ledger(store)
        store.close()
        assert up.stop() == 0


@pytest.mark.faults
def test_a_part_that_is_killed_is_started_again_and_nothing_is_lost(data: Path) -> None:
    with running("--demo", "--recent", data=data) as up:
        up.wait_until(LINK)
        for _ in range(2):
            for part in PARTS:
                assert kill_when_seen(up.process.pid, part), f"{part} is not there; {up.said}"
            time.sleep(0.5)
        store = open_store(f"sqlite:///{data / 'earful.db'}")
        wait_until_answered(store)
        assert_equals_the_ledger(store)
        store.close()
        end = time.monotonic() + 30
        while time.monotonic() < end and not answers(up):
            time.sleep(0.5)
        assert answers(up)


def kill_when_seen(parent: int, part: str) -> bool:
    """Kill -9 the child with `part` in its command line as soon as there is one."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        for pid in descendants(parent):
            with contextlib.suppress(OSError):
                command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
                if part in command:
                    os.kill(pid, 9)
                    return True
        time.sleep(0.05)
    return False


def answers(up: Running) -> bool:
    """Tell whether the pages are served."""
    with contextlib.suppress(OSError):
        return up.get("/healthz") == 200
    return False


def test_a_taken_port_is_one_clear_line(data: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = earful("up", "--port", str(taken.getsockname()[1]), data=data)
    assert done.returncode == 2
    assert "--port" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_unwritable_directory_is_one_clear_line() -> None:
    done = earful("up", data=Path("/proc/earful"))
    assert done.returncode == 2
    assert "--data" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", [["up"], ["search", "x"], ["count"], ["check"]])
def test_a_file_that_is_no_database_is_one_clear_line_and_stays_as_it_is(
    data: Path, command: list[str]
) -> None:
    data.mkdir()
    (data / "earful.db").write_bytes(b"not a database, but somebody's only copy of something " * 100)
    before = (data / "earful.db").read_bytes()
    done = earful(*command, data=data)
    assert done.returncode == 2
    assert "earful.db" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert (data / "earful.db").read_bytes() == before


def test_a_second_up_on_the_same_directory_says_who_has_it(data: Path) -> None:
    with running("--demo", "--recent", data=data) as up:
        up.wait_until(LINK)
        done = earful("up", "--demo", data=data)
        assert done.returncode == 2
        assert str(up.process.pid) in done.stderr


def test_demo_and_a_product_together_are_refused(data: Path) -> None:
    done = earful("up", "Plinthly", "--demo", data=data)
    assert done.returncode == 2
    assert "--demo" in done.stderr


def test_a_misspelled_command_names_the_ones_there_are(data: Path) -> None:
    done = earful("serach", data=data)
    assert done.returncode == 2
    assert "search" in done.stderr


def test_a_broken_model_leaves_the_pages_up_and_the_mentions_kept(data: Path, tmp_path: Path) -> None:
    shipped = MODELS / model_name().split("+")[0]
    broken = tmp_path / shipped.name
    shutil.copytree(shipped, broken)
    (broken / "model.onnx").write_bytes((broken / "model.onnx").read_bytes()[:1_000_000])
    with running("--demo", "--recent", data=data, environment={"EARFUL_MODEL_DIR": str(broken)}) as up:
        up.wait_until("labeller cannot go on")
        assert "cut short" in up.said
        up.wait_until("feed: ok")
        assert up.get("/healthz") == 200
        up.kill_all()
    with running("--demo", "--recent", data=data) as up:
        up.wait_until(LINK)
        store = open_store(f"sqlite:///{data / 'earful.db'}")
        wait_until_answered(store)
        assert_equals_the_ledger(store)
        store.close()
