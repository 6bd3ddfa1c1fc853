"""Very many hits are answered by a sample that says so; few hits never are."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.clock import SetClock
from core.mention import Mention
from store.sqlite import SqliteStore, sampling
from tests.builders import NOW, a_mention, a_watch, found
from tests.store.contract.asking import ask

SIZE = 4_000
START = NOW - timedelta(seconds=SIZE * 7)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> SqliteStore:
    store = SqliteStore.open(tmp_path_factory.mktemp("many") / "earful.db", clock=SetClock(NOW))
    store.save_watch(a_watch(), actor="ada", now=NOW)
    store.put([found(_mention(number)) for number in range(SIZE)], now=NOW)
    return store


def _mention(number: int) -> Mention:
    source = "reddit" if number % 4 == 0 else "hackernews"
    text = "Acme rare" if number < 100 else "Acme"
    return a_mention(
        native_id=str(number), source=source, text=text, published_at=START + timedelta(seconds=7 * number)
    )


def test_few_hits_are_all_looked_at(store: SqliteStore) -> None:
    (one, two) = store.facets(ask(""), ["source"])["source"]
    assert (one.value, one.count, one.exact) == ("hackernews", 3_000, True)
    assert (two.value, two.count, two.exact) == ("reddit", 1_000, True)


@pytest.mark.parametrize("query", ["", "acme", "lang:und"])
def test_many_hits_are_sampled_and_the_values_say_so(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    monkeypatch.setattr(sampling, "FULL", 500)
    values = store.facets(ask(query), ["source"])["source"]
    assert [value.value for value in values] == ["hackernews", "reddit"]
    assert not any(value.exact for value in values)
    assert values[0].count == pytest.approx(3_000, rel=0.2)
    assert values[1].count == pytest.approx(1_000, rel=0.35)
    assert values == store.facets(ask(query), ["source"])["source"]
    assert all(value.exact for value in store.facets(ask("rare"), ["source"])["source"])


def test_bars_that_would_take_too_long_come_from_a_sample(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bars() -> list[tuple[int, bool]]:
        found = store.histogram(ask("acme"), step=timedelta(seconds=7_000), start=START, end=NOW)
        return [(bar.count, bar.exact) for bar in found]

    assert bars() == [(1_000, True)] * 4
    monkeypatch.setattr(sampling, "FULL", 500)
    monkeypatch.setattr(sampling, "PATIENCE", -1.0)
    store.database.link().connection.set_progress_handler(store.database.link()._late, 10)
    assert all(count == pytest.approx(1_000, rel=0.35) and not exact for count, exact in bars())


def test_a_count_that_would_take_too_long_says_more_than(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store.count(ask("acme")).value == SIZE
    monkeypatch.setattr(sampling, "PATIENCE", -1.0)
    monkeypatch.setattr("store.sqlite.search.MANY", 100)
    store.database.link().connection.set_progress_handler(store.database.link()._late, 10)
    count = store.count(ask("acme"))
    assert (count.value, count.exact) == (100, False)
    assert store.count(ask("author:nobody")).exact
