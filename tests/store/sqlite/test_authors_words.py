"""A word that very many say beside an author of few mentions: whichever is followed, the same is found."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import SetClock
from core.search import Sort
from store.sqlite import SqliteStore, compiling
from store.sqlite.compiling import FEW, Compiler
from tests.builders import NOW, a_mention, a_watch, found
from tests.store.contract.asking import ask, ids

#: What Bob says of all; every other one names the price as well.
BOBS = (7, 8, 300, 411)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> SqliteStore:
    place: Path = tmp_path_factory.mktemp("authors")
    store = SqliteStore.open(place / "earful.db", clock=SetClock(NOW))
    store.save_watch(a_watch(), actor="ada", now=NOW)
    mentions = [
        a_mention(
            native_id=str(number),
            text="Acme raised prices" if number % 2 else "Acme is down",
            author="bob" if number in BOBS else "ada",
            published_at=NOW - timedelta(minutes=number),
        )
        for number in range(FEW * 3)
    ]
    store.put([found(mention) for mention in mentions], now=NOW)
    return store


def follows_author(store: SqliteStore, query: str, *, ranked: bool = False) -> bool:
    with store.database.read() as link:
        return Compiler(link, ask(query)).plan(ranked=ranked).match is None


@pytest.fixture(params=[1, 10_000])
def words_cost(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many words are followed at the cost of asking one mention: many, and the words are followed."""
    cost = int(request.param)
    monkeypatch.setattr(compiling, "PROBE", 500)
    monkeypatch.setattr(compiling, "WALKED", cost)
    return cost


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("acme author:bob", BOBS),
        ("price author:bob", (7, 411)),
        ("author:Bob acme -price", (8, 300)),
        ('"acme is" author:bob after:2000-01-01', (8, 300)),
        ("acme author:nobody", ()),
    ],
)
@pytest.mark.parametrize("sort", Sort)
def test_the_authors_hits_are_the_same_in_every_order(
    store: SqliteStore,
    words_cost: int,
    query: str,
    numbers: tuple[int, ...],
    sort: Sort,
) -> None:
    assert follows_author(store, query) == (words_cost == 1 or "nobody" in query)
    assert not follows_author(store, query, ranked=True)
    expected = [f"hackernews:{number}" for number in numbers]
    hits = ids(store, query, sort=sort)
    assert sorted(hits) == sorted(expected)
    assert store.count(ask(query)).value == len(numbers)
    if sort is Sort.NEW:
        assert hits == expected


@pytest.mark.parametrize(
    "query", ["acme", "acme author:ada", "absent author:bob", "acm* author:bob", "acme -pric* author:bob"]
)
def test_authors_of_many_words_of_few_and_beginnings_are_read_along_the_words(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    monkeypatch.setattr(compiling, "PROBE", 500)
    monkeypatch.setattr(compiling, "WALKED", 1)
    assert not follows_author(store, query)
