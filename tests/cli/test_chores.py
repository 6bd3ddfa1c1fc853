"""What the scheduler does now and then: backups, topics, and old threads that go."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cli.backup import dated
from cli.chores import Chores
from core.clock import SetClock, SystemClock
from core.settings import Settings
from core.source import SourceState
from engage.parts import troubles
from engage.retention import Notice, save_notice
from nlp import model_name
from store import open_store
from tests.builders import NOW, a_mention, a_watch, found, some_labels
from tests.web.world import label


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
    save_notice(chores.store, Notice(days=10), version=0, actor="ada", now=clock.now())
    keeping = Chores(chores.store, chores.settings, chores.clock, lambda _: None)
    keeping.tick()
    assert chores.store.tally("mention") == 0


def test_topics_come_as_soon_as_all_is_read_and_labelled_and_then_a_day_later(
    chores: Chores, clock: SetClock
) -> None:
    store = chores.store
    watch = replace(a_watch(), version=store.watches()[0].version, sources={"mastodon": {}})
    store.save_watch(watch, actor="ada", now=NOW)
    mention = a_mention(text="Acme lost my data", published_at=clock.now())
    store.put([found(mention)], now=clock.now())

    def begun() -> bool:
        clock.advance(timedelta(seconds=10))
        chores.tick()
        return chores.topics.child is not None

    assert not begun(), "neither read nor labelled"
    for brand in ("Acme", "Globex"):
        label(store, mention.id, some_labels(brand=brand, model=model_name()))
    assert not begun(), "not read"
    store.save_source_state(SourceState(watch_id="acme", source="mastodon", last_success_at=clock.now()))
    assert begun()
    child = chores.topics.child
    assert child is not None
    assert child.process is not None
    assert child.process.wait(120) == 0
    chores.tick()
    clock.advance(timedelta(hours=23))
    assert not begun()
    clock.advance(timedelta(hours=1))
    assert begun()
    chores.stop()


def test_where_labelling_never_ends_topics_come_after_an_hour(chores: Chores, clock: SetClock) -> None:
    chores.store.put([found(a_mention(published_at=clock.now()))], now=clock.now())
    for minutes, begun in ((0, False), (59, False), (2, True)):
        clock.advance(timedelta(minutes=minutes))
        chores.tick()
        assert (chores.topics.child is not None) is begun
    chores.stop()
