"""Very many hits are answered by a sample that says so; few hits never are."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import SetClock
from core.mention import Mention
from core.thread import Triage
from engage.erasing import forget
from store.sqlite import SqliteStore, recent, sampling
from tests.builders import NOW, a_mention, a_watch, found
from tests.store.contract.asking import ask

SIZE = 4_000
START = NOW - timedelta(seconds=SIZE * 7)


@pytest.fixture
def store(filled: Path, tmp_path: Path) -> Iterator[SqliteStore]:
    """A store that has told nothing yet."""
    shutil.copy(filled, tmp_path / "earful.db")
    store = SqliteStore.open(tmp_path / "earful.db", clock=SetClock(NOW))
    yield store
    store.close()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("many") / "earful.db"
    store = SqliteStore.open(path, clock=SetClock(NOW))
    store.save_watch(a_watch(), actor="ada", now=NOW)
    store.put([found(_mention(number)) for number in range(SIZE)], now=NOW)
    store.close()
    return path


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than 500 hits are very many."""
    monkeypatch.setattr(sampling, "FULL", 500)
    monkeypatch.setattr(sampling, "MOST", 2_000)
    monkeypatch.setattr(sampling, "AT_ONCE", 4_000)
    monkeypatch.setattr(sampling, "DESCRIBED", 1_000)


def _mention(number: int, *, text: str | None = None) -> Mention:
    return a_mention(
        native_id=str(number),
        source="reddit" if number % 4 == 0 else "hackernews",
        author="zed" if number % 4 == 1 else "ada",
        text=text or ("Acme rare" if number < 100 else "Acme"),
        published_at=START + timedelta(seconds=7 * number),
    )


def test_few_hits_are_all_looked_at(store: SqliteStore) -> None:
    (one, two) = store.facets(ask(""), ["source"])["source"]
    assert (one.value, one.count, one.exact) == ("hackernews", 3_000, True)
    assert (two.value, two.count, two.exact) == ("reddit", 1_000, True)


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("query", ["", "acme", "lang:und", "source:reddit OR source:hackernews"])
def test_many_hits_are_sampled_and_the_values_say_so(store: SqliteStore, query: str) -> None:
    values = store.facets(ask(query), ["source"])["source"]
    assert [value.value for value in values] == ["hackernews", "reddit"]
    assert not any(value.exact for value in values)
    assert values[0].count == pytest.approx(3_000, rel=0.2)
    assert values[1].count == pytest.approx(1_000, rel=0.35)
    assert values == store.facets(ask(query), ["source"])["source"]
    assert all(value.exact for value in store.facets(ask("rare"), ["source"])["source"])


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("guess", [1, 100_000_000])
def test_a_sample_has_its_size_however_wrong_the_guess_was(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch, guess: int
) -> None:
    monkeypatch.setattr(sampling, "guessed", lambda *_: guess)
    monkeypatch.setattr(sampling, "MOST", 1_000)
    monkeypatch.setattr(sampling, "AT_ONCE", 2_000)
    count = store.count(ask("acme"), roughly=True)
    assert (count.exact, count.about) == (False, True)
    assert count.value == pytest.approx(SIZE, rel=0.2)
    bars = store.histogram(ask("acme"), step=NOW - START, start=START, end=NOW)
    (lang,) = store.facets(ask("acme"), ["lang"])["lang"]
    assert [bar.count for bar in bars] == [lang.count] == [count.value]


@pytest.mark.usefixtures("many")
def test_bars_of_many_hits_come_from_a_sample(store: SqliteStore) -> None:
    def bars(query: str) -> list[tuple[int, bool]]:
        found = store.histogram(ask(query), step=timedelta(seconds=7_000), start=START, end=NOW)
        return [(bar.count, bar.exact) for bar in found]

    assert bars("rare") == [(100, True)] + [(0, True)] * 3
    assert all(count == pytest.approx(1_000, rel=0.35) and not exact for count, exact in bars("acme"))


@pytest.mark.usefixtures("many")
def test_estimates_are_a_minute_old_at_most_and_exact_figures_never_are(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(query: str) -> tuple[int, int]:
        (value, *_) = store.facets(ask(query), ["lang"])["lang"]
        return store.count(ask(query), roughly=True).value, value.count

    before, rare = told("acme"), told("rare")
    assert rare == (100, 100)
    store.put([found(_mention(number, text="Acme rare")) for number in range(SIZE, SIZE + 300)], now=NOW)
    assert (told("acme"), told("rare")) == (before, (400, 400))
    monkeypatch.setattr(recent, "SECONDS", -1.0)
    store.put([found(_mention(number)) for number in range(SIZE, 2 * SIZE)], now=NOW)
    assert min(told("acme")) > 1.5 * max(before)


@pytest.mark.usefixtures("many")
def test_who_was_erased_is_in_no_estimate(store: SqliteStore) -> None:
    def authors() -> list[str]:
        return [author.value for author in store.facets(ask("acme"), ["author"])["author"]]

    assert authors() == ["ada", "zed"]
    forget(store, "hackernews:zed", actor="ada", now=NOW)
    assert authors() == ["ada"]


@pytest.mark.usefixtures("many")
def test_what_is_mine_is_told_to_nobody_else(store: SqliteStore) -> None:
    def count(user: str) -> int:
        return store.count(ask("acme -is:mine", user=user), roughly=True).value

    first = store.search(ask("acme", user="ada"), limit=1_500).hits
    for thread in {hit.stored.mention.thread_id for hit in first}:
        store.triage(thread, Triage(assignee="ada"), actor="ada", action="triage.assign", now=NOW)
    assert count("bob") == pytest.approx(SIZE, rel=0.2)
    assert count("ada") == pytest.approx(SIZE - 1_500, rel=0.2)


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


def test_parts_that_would_take_too_long_to_count_together_are_counted_each_by_itself(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = [ask(query).node for query in ("", "rare", "source:reddit", "author:nobody")]
    assert [one.value for one in store.counts(ask("acme"), parts)] == [SIZE, 100, 1_000, 0]
    monkeypatch.setattr(sampling, "PATIENCE", -1.0)
    monkeypatch.setattr("store.sqlite.search.MANY", 150)
    store.database.link().connection.set_progress_handler(store.database.link()._late, 10)
    found = store.counts(ask("acme"), parts)
    assert [(one.value, one.exact) for one in found] == [(150, False), (100, True), (150, False), (0, True)]
