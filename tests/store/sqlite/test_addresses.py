"""`url:` finds any part of an address, whether it is indexed already or has only just come in."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import SetClock
from core.source import Found
from store.sqlite import SqliteStore
from store.sqlite.addresses import GATHERED
from tests.builders import NOW, a_mention, a_watch, found
from tests.store.contract.asking import ids


def said(number: int, url: str | None = None) -> Found:
    """The mention of a number, under an address that holds it."""
    return found(
        a_mention(
            native_id=str(number),
            text="Acme",
            url=url or f"https://Board.example/item/{number}?x=%25",
            published_at=NOW - timedelta(seconds=GATHERED * 2 - number),
        )
    )


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> SqliteStore:
    """A store with one more address than gather, and two behind them."""
    store = SqliteStore.open(tmp_path_factory.mktemp("addresses") / "earful.db", clock=SetClock(NOW))
    store.save_watch(a_watch(), actor="ada", now=NOW)
    store.put([said(number) for number in range(GATHERED + 1)], now=NOW)
    store.put([said(GATHERED + 1), said(GATHERED + 2)], now=NOW)
    return store


def kept(directory: Path) -> str:
    """Every byte of the database and its log."""
    return "".join(path.read_bytes().decode("latin-1") for path in directory.iterdir())


def numbers(store: SqliteStore, query: str) -> list[int]:
    return sorted(int(one.partition(":")[2]) for one in ids(store, query))


@pytest.mark.parametrize(
    ("query", "hits"),
    [
        ("url:board.EXAMPLE/item/4711", [4711]),
        (f"url:/{GATHERED + 1}?", [GATHERED + 1]),
        ("url:item/500", [500, 5000, 5001, 5002]),
        ("url:m/47 url:711?x=%25", [4711]),
        ("url:tem/471 -url:711", [471, 4710, *range(4712, 4720)]),
        ("url:elsewhere.example", []),
        ('url:"item/4711\\""', []),
        (f"url:{'https://board.example/item/4711?x=%25' * 9}", []),
    ],
)
def test_any_part_of_an_address_is_found(filled: SqliteStore, query: str, hits: list[int]) -> None:
    assert numbers(filled, query) == hits


@pytest.mark.parametrize("part", ["b", "rd", "item/", "https://board"])
def test_a_part_of_nearly_all_addresses_is_met_in_order_of_time(filled: SqliteStore, part: str) -> None:
    assert len(numbers(filled, f'url:"{part}"')) == GATHERED + 3


def test_an_address_that_changed_is_found_under_the_new_one_alone(filled: SqliteStore) -> None:
    for number in (17, GATHERED + 2):
        filled.put([said(number, f"https://moved.example/p{number}")], now=NOW)
        assert numbers(filled, f"url:moved.example/p{number}") == [number]
        assert number not in numbers(filled, f"url:item/{number}?")
    assert filled.check() == []


def test_a_mention_that_goes_leaves_nothing_of_its_address(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "earful.db", clock=SetClock(NOW))
    store.save_watch(a_watch(), actor="ada", now=NOW)
    store.put([said(number) for number in range(GATHERED)], now=NOW)
    store.put(
        [said(GATHERED, "https://x.example/qzjxkv"), said(GATHERED + 1, "https://x.example/qzjxkv")], now=NOW
    )
    assert numbers(store, "url:qzjxkv") == [GATHERED, GATHERED + 1]
    assert "qzj" in kept(tmp_path)
    for number in (GATHERED, GATHERED + 1):
        store.discard("mention", [f"hackernews:{number}"])
    assert numbers(store, "url:qzjxkv") == []
    assert store.check() == []
    store.close()
    assert "qzj" not in kept(tmp_path)
