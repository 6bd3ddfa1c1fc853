"""Near-duplicates are found however the hashes are kept."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import SetClock
from store.sqlite import SqliteStore, copies
from tests.builders import NOW, a_mention, a_watch, found
from tests.store.contract.asking import ids

TABLES = ("near_fresh", *copies.TABLES)
WORDS = [f"word{number}" for number in range(500)]


def test_copies_are_found_after_their_hashes_moved_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "FRESH", 5)
    monkeypatch.setattr(copies, "YOUNG_ROWS", 200)
    store = SqliteStore.open(tmp_path / "earful.db", clock=SetClock(NOW))
    store.save_watch(a_watch(), actor="ada", now=NOW)
    rnd = random.Random(5)
    texts = ["Acme " + " ".join(rnd.choices(WORDS, k=12)) for _ in range(60)]
    copied = 0
    link, used = store.database.link(), set[str]()
    for number in range(240):
        # Each text four times, soon or late; a later batch brings the earlier copy, so that originals change.
        place = number % 60 if number // 60 % 2 else 59 - number % 60
        text, at = texts[place], NOW - timedelta(minutes=number)
        mention = a_mention(native_id=f"n{number}", text=text, published_at=at)
        store.put([found(mention)], now=NOW)
        copied += number >= 60
        assert len(ids(store, "is:duplicate")) == copied
        counts = {table: link.number(f"SELECT count(*) FROM {table}") for table in TABLES}  # noqa: S608 — our own names
        used |= {table for table, count in counts.items() if count}
    originals = set(ids(store, "-is:duplicate"))
    assert originals == {f"hackernews:n{number}" for number in range(180, 240)}
    assert store.check() == []
    assert used == set(TABLES)
    assert link.number("SELECT count(*) FROM near") == link.number(
        "SELECT count(*) FROM (SELECT DISTINCT band, simhash FROM near)"
    )
