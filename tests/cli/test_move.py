"""`earful move` as a person types it, and as a power cut ends it."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.records import KINDS
from core.thread import Status, Triage
from store import open_store
from tests import elasticsearch_server
from tests.builders import a_mention, a_watch, found
from tests.cli.running import ROOT, earful

SIZE = 800


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    store = open_store(f"sqlite:///{tmp_path / 'data' / 'earful.db'}")
    now = SystemClock().now()
    store.save_watch(a_watch(), actor="ada", now=now)
    store.put([found(a_mention(text=f"Acme is slow, case {n}")) for n in range(SIZE)], now=now)
    store.close()
    return tmp_path / "data"


def holds(url: str) -> dict[str, list[str]]:
    store = open_store(url)
    try:
        return {kind: [record.digest for record in store.dump(kind)] for kind in KINDS}
    finally:
        store.close()


def killed_and_finished(data: Path, url: str, kills: int) -> None:
    """Move, killed at random moments, then once to the end."""
    rnd = random.Random(70)
    command = [sys.executable, "-m", "cli", "move", "--to", url, "--data", str(data)]
    for _ in range(kills):
        child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.5 + rnd.random() * 2.5)
        child.kill()
        child.wait()
    done = earful("move", "--to", url, data=data)
    assert done.returncode == 0, done.stderr
    assert f"mentions: {SIZE} compared and equal" in done.stdout
    assert "nothing differs" in done.stderr
    assert holds(url) == holds(f"sqlite:///{data / 'earful.db'}")
    store = open_store(url)
    assert store.check() == []
    store.close()


def test_a_move_killed_at_any_moment_is_finished_by_running_it_again(data: Path, tmp_path: Path) -> None:
    killed_and_finished(data, f"sqlite:///{tmp_path / 'other.db'}", kills=3)


@pytest.mark.elasticsearch
def test_a_move_to_elasticsearch_killed_in_the_middle_is_finished_backed_up_and_put_back(
    data: Path,
) -> None:
    url, fresh = elasticsearch_server.fresh_url(), elasticsearch_server.fresh_url()
    killed_and_finished(data, url, kills=2)
    config = data / "earful.toml"
    config.write_text(f'store_url = "{url}"\n')
    done = earful("backup", data=data)
    assert done.returncode == 0, done.stderr
    copy = Path(done.stdout.strip())
    assert copy.name.endswith(".jsonl.gz")
    config.write_text(f'store_url = "{fresh}"\n')
    assert earful("restore", str(copy), data=data).returncode == 0
    assert holds(fresh) == holds(url)
    assert earful("dead-letters", data=data).returncode == 0
    lose_and_restore(data, fresh, copy)


def lose_and_restore(data: Path, url: str, copy: Path) -> None:
    """Lose all mentions; what was decided since the backup stays, and the rest comes back from it."""
    store = open_store(url)
    before = holds(url)
    thread = next(store.dump("thread")).key
    change = Triage(status=Status.WAITING, assignee="ada", tags=("vip",))
    store.triage(thread, change, actor="ada", action="triage.status", now=SystemClock().now())
    prefix = url.rpartition("/")[2]
    elasticsearch_server.shared_server().ask("DELETE", f"/{prefix}-mentions-v1")
    told = earful("check", data=data)
    assert told.returncode == 1
    assert "with all mentions is gone" in told.stdout
    done = earful("restore", str(copy), data=data)
    assert done.returncode == 0, done.stderr
    assert holds(url)["mention"] == before["mention"]
    triage = store.thread(thread).triage
    assert (triage.status, triage.assignee, triage.tags) == (Status.WAITING, "ada", ("vip",))
    assert store.check() == []
    store.close()


def test_mistakes_are_told_in_one_line_and_change_nothing(data: Path, tmp_path: Path) -> None:
    other = f"sqlite:///{tmp_path / 'other.db'}"
    store = open_store(other)
    store.save_watch(a_watch(id="theirs"), actor="eve", now=SystemClock().now())
    store.close()
    for url, words in (
        (other, "belongs to another Earful"),
        ("postgres://x", "no store speaks"),
        ("elasticsearch+http://127.0.0.1:1/earful", "no Elasticsearch answers"),
    ):
        done = earful("move", "--to", url, data=data)
        assert done.returncode != 0
        assert words in done.stderr
        assert done.stderr.count("\n") == 1
