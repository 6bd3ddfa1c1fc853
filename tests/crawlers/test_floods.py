"""Near-copies by one author in a short time stand apart: stored, countable, in nobody's way."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from core.mention import Author, Mention
from core.query_parser import parse
from core.search import Search
from crawlers.floods import COUNTED, Floods
from store import open_store
from tests.builders import NOW, a_mention
from tests.crawlers.crawl_rig import Bench
from tests.crawlers.hostile import Hostile, say

TEXT = "Acme users! Swap your plan for a cheaper one today, ask me how, code {n}: https://deals.example/{n}"


def copy(number: int, *, who: str = "bot", hours: float = 0.0, text: str = TEXT) -> Mention:
    return a_mention(
        id=f"hackernews:{who}{number}",
        native_id=f"{who}{number}",
        author=Author(id=who, handle=who),
        text=text.format(n=number),
        published_at=NOW + timedelta(hours=hours),
    )


def test_the_first_few_count_and_the_rest_are_a_flood() -> None:
    floods = Floods()
    told = [floods.takes(copy(number)) for number in range(8)]
    assert told == [False] * COUNTED + [True] * (8 - COUNTED)
    again = Floods.from_json(json.loads(json.dumps(floods.to_json())))
    assert [again.takes(copy(number)) for number in range(8)] == told
    assert again.takes(copy(8))
    assert not again.changed or again.takes(copy(9))


def test_many_authors_long_times_other_words_and_short_ones_are_no_flood() -> None:
    floods = Floods()
    assert not any(floods.takes(copy(number, who=f"user{number}")) for number in range(8))
    assert not any(floods.takes(copy(number, who="weekly", hours=number * 30)) for number in range(8))
    assert not any(floods.takes(copy(number, who="brief", text="I like Acme {n}")) for number in range(8))
    words = [
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
    ]
    texts = [
        " ".join(["Acme", *words[number:], *words[:number][::-1], words[number] * 3]) for number in range(8)
    ]
    assert not any(floods.takes(copy(n, who="chatty", text=text)) for n, text in enumerate(texts))


def test_a_flood_is_in_no_search_by_default_and_can_be_counted(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.watch({"hackernews": {}})
    hits = [
        {
            "objectID": str(n),
            "author": "bot",
            "created_at": f"2026-11-20T10:{n:02}:00Z",
            "title": TEXT.format(n=n),
        }
        for n in range(10)
    ]
    with Hostile(pages={"/api/v1/search_by_date": say(200, json.dumps({"hits": hits}).encode())}) as server:
        told = bench.crawl(base_urls={"hackernews": server.base})
        assert len(told.mentions) == 10
        assert sum(not one["context"] for one in told.mentions.values()) == COUNTED
        assert "7 near-copies" in told.state["reason"]
        again = bench.crawl(base_urls={"hackernews": server.base})
        assert sum(not one["context"] for one in again.mentions.values()) == COUNTED
        assert again.state["changed"] == 0
    store = open_store(bench.url)

    def count(query: str) -> int:
        return store.count(Search(node=parse(query).node, now=NOW)).value

    assert count("cheaper") == COUNTED
    assert count("cheaper is:context author:bot") == 7
    store.close()
