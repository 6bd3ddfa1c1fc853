"""Which watch is read first where a day's budget is short."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from core.watch import Brand, Watch
from store import open_store
from tests.crawlers.crawl_rig import Bench
from tests.crawlers.hostile import Hostile, say

NOTHING = {"/api/v1/search_by_date": say(200, b'{"hits": []}')}


def watches(bench: Bench, requests: int, **priorities: int) -> None:
    """Store watches of Hacker News by their products."""
    store = open_store(bench.url)
    for product, priority in priorities.items():
        watch = Watch(
            id=product.lower(), product=Brand(name=product), priority=priority,
            sources={"hackernews": {"daily_requests": requests}},
        )  # fmt: skip
        store.save_watch(watch, actor="test", now=datetime.now(UTC))
    store.close()


def asked(server: Hostile) -> list[str]:
    """The products that were asked for, in order."""
    queries = [parse_qs(urlsplit(one.path).query).get("query", [""])[0] for one in server.seen]
    return [query.strip('"') for query in queries if query]


def test_the_last_request_of_a_day_goes_to_the_watch_that_comes_first(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    watches(bench, 2, Aardvark=-1, Acme=0, Zebra=1)
    with Hostile(pages=NOTHING) as server:
        told = bench.crawl(base_urls={"hackernews": server.base}, now="2026-11-22T23:00:00Z")
        assert asked(server) == ["Zebra", "Acme"]
    assert sorted(state["status"] for state in told.states) == ["backing off", "ok", "ok"]


def test_a_watch_behind_another_uses_no_more_of_a_day_than_the_day_is_old(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    watches(bench, 4, Acme=0, Zebra=1)
    with Hostile(pages=NOTHING) as server:
        base = {"hackernews": server.base}
        told = bench.crawl(base_urls=base, now="2026-11-22T03:00:00Z")
        assert asked(server) == ["Zebra"], (
            "the one request so far is a quarter of the day's, at an eighth of it"
        )
        (waiting,) = [state for state in told.states if state["status"] != "ok"]
        assert "spread over the day" in waiting["reason"]
        assert waiting["until"] == datetime(2026, 11, 22, 6, tzinfo=UTC).timestamp()
        bench.crawl(base_urls=base, now="2026-11-22T14:00:00Z")
        assert asked(server) == ["Zebra", "Zebra", "Acme"]


def test_without_a_watch_in_front_a_budget_is_anybodys_at_any_time(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    watches(bench, 4, Acme=0, Zebra=0)
    with Hostile(pages=NOTHING) as server:
        bench.crawl(base_urls={"hackernews": server.base}, now="2026-11-22T00:10:00Z")
        assert sorted(asked(server)) == ["Acme", "Zebra"]
