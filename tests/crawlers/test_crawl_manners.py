"""How a crawl behaves toward a server: when it asks, what with, and what it makes of a refusal."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from core.clock import iso
from tests.crawlers.crawl_rig import Bench, feeds
from tests.crawlers.hostile import Handler, Hostile, conditional, feed, in_turn, say

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def soon(handler: Handler) -> None:
    """Ask for two seconds, as a date."""
    due = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    say(503, b"", Retry_After=due)(handler)


def test_retry_after_is_waited_for_whatever_its_form(bench: Bench) -> None:
    good = say(200, feed("a"))
    with Hostile() as server:
        server.pages = {
            "/seconds": in_turn(say(429, b"", Retry_After="1"), good),
            "/date": in_turn(
                soon,
                good,
            ),
        }
        for path in server.pages:
            bench.watch(feeds([path.strip("/")]))
            told = bench.crawl(base_urls={"feed": server.base})
            first, second = server.asked(path)
            assert second.at - first.at >= 1.0
            assert told.state["status"] == "ok", told.state


@pytest.mark.parametrize("value", ["315360000", "Wed, 21 Oct 2099 07:28:00 GMT", "soon", ""])
def test_absurd_waits_are_cut_to_a_day_and_nothing_is_asked_meanwhile(bench: Bench, value: str) -> None:
    with Hostile() as server:
        server.pages = {"/a": say(429, b"", Retry_After=value)}
        bench.watch(feeds(["a"]))
        told = bench.crawl(base_urls={"feed": server.base})
        state = told.state
        assert state["until"] <= time.time() + 24 * 3600 + 60
        assert state["status"] == "backing off"
        assert len(server.seen) == 1
        again = bench.crawl(base_urls={"feed": server.base})
        assert len(server.seen) == 1
        assert again.state["status"] == "backing off"


def test_an_unchanged_feed_moves_nothing_and_is_fetched_whole_every_week(bench: Bench) -> None:
    with Hostile() as server:
        server.pages = {"/a": conditional(feed("a", "b"))}
        bench.watch(feeds(["a"]))
        base = {"feed": server.base}
        first = bench.crawl(base_urls=base, now=iso(NOW))
        assert first.state["new"] == 2
        second = bench.crawl(base_urls=base, now=iso(NOW + timedelta(hours=1)))
        asked = server.asked("/a")
        assert asked[1].headers["if-none-match"] == '"v1"'
        assert "if-modified-since" in asked[1].headers
        assert (second.state["new"], second.state["changed"], second.state["unchanged"]) == (0, 0, 0)
        assert second.state["status"] == "ok"
        bench.crawl(base_urls=base, now=iso(NOW + timedelta(days=8)))
        assert "if-none-match" not in server.asked("/a")[2].headers


def test_a_new_version_of_a_watch_reads_an_unchanged_feed_again(bench: Bench) -> None:
    with Hostile() as server:
        server.pages = {"/a": conditional(feed("a", text="about Initech"))}
        bench.watch(feeds(["a"]))
        bench.crawl(base_urls={"feed": server.base})
        bench.watch(feeds(["a"]), every_minutes=30)
        bench.crawl(base_urls={"feed": server.base})
        assert "if-none-match" not in server.asked("/a")[1].headers


@pytest.mark.parametrize(
    ("status", "body", "read"),
    [
        (404, b"User-agent: *\nDisallow: /", True),
        (403, b"no", True),
        (200, b"User-agent: *\nDisallow: /private", True),
        (200, b"User-agent: *\nDisallow: /", False),
        (200, b"User-agent: earful\nDisallow: /a\n\nUser-agent: *\nAllow: /", False),
        (500, b"", False),
        (503, b"", False),
    ],
)
def test_robots_txt_is_obeyed_as_rfc_9309_wants_it(
    bench: Bench, status: int, body: bytes, *, read: bool
) -> None:
    with Hostile() as server:
        server.robots = say(status, body, **({"Retry_After": "600"} if status == 503 else {}))
        server.pages = {"/a": say(200, feed("a"))}
        bench.watch(feeds(["a"]))
        told = bench.crawl(base_urls={"feed": server.base})
    assert bool(server.seen) is read
    assert (told.state["status"] == "ok") is read
    if not read:
        assert "robots.txt" in told.state["reason"]


def test_we_say_who_we_are_and_send_no_cookies(bench: Bench) -> None:
    with Hostile() as server:
        server.pages = {"/a": in_turn(say(429, b"", Retry_After="0", Set_Cookie="a=b"), say(200, feed("a")))}
        bench.watch(feeds(["a"]))
        bench.crawl(base_urls={"feed": server.base})
    for seen in server.seen:
        assert seen.headers["user-agent"].startswith("earful/")
        assert "(+https://" in seen.headers["user-agent"]
        assert "cookie" not in seen.headers
        assert "referer" not in seen.headers


def test_three_silent_crawls_after_a_history_make_a_source_suspect(bench: Bench) -> None:
    with Hostile() as server:
        server.pages = {"/a": in_turn(say(200, feed("a")), say(200, feed()))}
        bench.watch(feeds(["a"]))
        states = [bench.crawl(base_urls={"feed": server.base}).state for _ in range(4)]
    assert [state["status"] for state in states] == ["ok", "ok", "ok", "suspect"]
    assert "no item" in states[3]["reason"]


def test_a_refusal_is_never_silence(bench: Bench) -> None:
    with Hostile() as server:
        server.pages = {"/a": say(403, b"")}
        bench.watch(feeds(["a"]))
        state = bench.crawl(base_urls={"feed": server.base}).state
    assert state["status"] == "blocked"
    assert "403" in state["reason"]
    assert state["errors"] == 1
    assert state["until"] > time.time()


def test_an_undated_entry_keeps_the_time_of_its_first_sight(bench: Bench) -> None:
    body = feed("a").replace(b"<pubDate>Fri, 20 Nov 2026 10:00:00 GMT</pubDate>", b"")
    changed = body.replace(b"a lot", b"less now")
    with Hostile() as server:
        server.pages = {"/a": in_turn(say(200, body), say(200, changed))}
        bench.watch(feeds(["a"]))
        base = {"feed": server.base}
        first = bench.crawl(base_urls=base, now=iso(NOW))
        second = bench.crawl(base_urls=base, now=iso(NOW + timedelta(days=1)))
    (one,), (two,) = first.mentions.values(), second.mentions.values()
    assert one["published_at"] == two["published_at"] == iso(NOW)
    assert two["revision"] == 2
    assert "less now" in two["text"]


def test_a_date_far_in_the_future_is_the_time_of_first_sight(bench: Bench) -> None:
    body = feed("a").replace(b"Fri, 20 Nov 2026", b"Fri, 20 Nov 2099")
    with Hostile() as server:
        server.pages = {"/a": say(200, body)}
        bench.watch(feeds(["a"]))
        told = bench.crawl(base_urls={"feed": server.base}, now=iso(NOW))
    (mention,) = told.mentions.values()
    assert mention["published_at"] == iso(NOW)


def test_late_same_second_and_back_dated_entries_are_all_stored_once(bench: Bench) -> None:
    late = feed("a", "b", "old").replace(b"20 Nov 2026 10:00:02", b"20 Nov 2020 10:00:00")
    with Hostile() as server:
        server.pages = {"/a": in_turn(say(200, feed("a")), say(200, late))}
        bench.watch(feeds(["a"]))
        bench.crawl(base_urls={"feed": server.base})
        told = bench.crawl(base_urls={"feed": server.base})
    assert {mention["native_id"] for mention in told.mentions.values()} == {"a", "b", "old"}
    assert told.state["new"] == 2
