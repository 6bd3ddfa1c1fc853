"""What the scheduler does now and then: backups that come by themselves, and old threads that go."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cli.backup import dated
from cli.chores import Chores
from core.clock import SetClock, SystemClock
from core.settings import Settings
from engage.parts import troubles
from store import open_store
from tests.builders import NOW, a_mention, a_watch, found


@pytest.fixture
def clock() -> SetClock:
    # The backup is a process of its own, which knows the real time alone.
    return SetClock(SystemClock().now())


@pytest.fixture
def chores(tmp_path: Path, clock: SetClock) -> Chores:
    settings = Settings(data_dir=tmp_path, backup_hours=24, backup_keep=2, retention_days=30)
    store = open_store(settings.database_url, clock=clock)
    store.save_watch(a_watch(), actor="ada", now=NOW)
    return Chores(store, settings, clock, lambda _: None)


def ended(chores: Chores) -> None:
    """Let a backup that was begun end, and be told of."""
    if chores.backup is not None and chores.backup.process is not None:
        chores.backup.process.wait(120)
    chores.tick()


def test_a_backup_is_made_a_day_after_the_first_start_and_each_day_after(
    chores: Chores, clock: SetClock
) -> None:
    made = []
    for _ in range(3):
        chores.tick()
        made.append(chores.backup is not None)
        ended(chores)
        clock.advance(timedelta(hours=24))
    assert made == [False, True, True]
    assert len(dated(chores.settings.data_dir / "backups")) == 2
    assert troubles(chores.store) == []


def test_a_backup_that_fails_is_told_where_people_look(chores: Chores, clock: SetClock) -> None:
    (chores.settings.data_dir / "backups").write_text("in the way")
    chores.tick()
    clock.advance(timedelta(hours=25))
    chores.tick()
    ended(chores)
    assert "The last backup failed" in troubles(chores.store)[0]


def test_threads_older_than_was_decided_go(chores: Chores, clock: SetClock) -> None:
    old = a_mention(native_id="old", published_at=clock.now() - timedelta(days=31))
    young = a_mention(native_id="young", published_at=clock.now() - timedelta(days=29))
    chores.store.put([found(old), found(young)], now=clock.now())
    chores.tick()
    assert [stored.mention.id for stored in chores.store.mentions()] == [young.id]
    keeping = Chores(chores.store, replace(chores.settings, retention_days=0), chores.clock, lambda _: None)
    keeping.tick()
    assert chores.store.tally("mention") == 1
