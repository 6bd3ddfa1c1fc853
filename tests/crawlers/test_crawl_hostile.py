"""Servers that misbehave (FAULTS A3 17–21, B1): each is ended in time, none takes the others with it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.crawlers.crawl_rig import Bench, Told, feeds
from tests.crawlers.hostile import MIB, Hostile, big, bomb, drip, endless, feed, redirect, say, short

#: Stands in for the 30 s that ship; `test_the_limits_that_ship` holds those.
TIMEOUT = 2
BOMBS = ("gzip", "deflate", "br", "zstd", "gzip, gzip")
FORBIDDEN = (
    "http://10.0.0.7/secret",
    "http://192.168.1.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[::1]/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://0/",
    "http://[::ffff:127.0.0.1]/",
)
LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY l0 "lol">'
    + b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 12))
    + b"]><rss version='2.0'><channel><title>&l11;</title></channel></rss>"
)


@pytest.fixture(scope="module")
def server() -> Iterator[Hostile]:
    with Hostile() as hostile:
        base = hostile.base
        hostile.pages = {
            "/good": say(200, feed("a", "b")),
            "/late": say(200, feed("c")),
            "/big": big(40 * MIB),
            "/endless": endless,
            "/short": short,
            "/loop": redirect(f"{base}/loop"),
            "/hop6": redirect(f"{base}/hop5"),
            "/file": redirect("file:///etc/passwd"),
            "/data": redirect("data:text/xml,<rss/>"),
            "/gopher": redirect("gopher://127.0.0.1/1"),
            "/laughs": say(200, LAUGHS),
            "/deep": say(200, b"<rss>" + b"<a>" * 50_000),
            "/html": say(200, b"<html><title>Just a moment...</title></html>"),
            "/nonsense": say(200, b"\x00\x01\x02"),
            "/404": say(404, b""),
            "/410": say(410, b""),
            "/403": say(403, b'{"error": "no"}'),
            "/401": say(401, b""),
        }
        hostile.pages |= {f"/hop{n}": redirect(f"{base}/hop{n - 1}") for n in (5, 4, 3, 2)}
        hostile.pages["/hop1"] = say(200, feed("hopped"))
        hostile.pages |= {f"/bomb{n}": bomb(kind) for n, kind in enumerate(BOMBS)}
        hostile.pages |= {f"/drip{n}": drip for n in range(4)}
        hostile.pages |= {f"/private{n}": redirect(url) for n, url in enumerate(FORBIDDEN)}
        yield hostile


@pytest.fixture(scope="module")
def told(server: Hostile, tmp_path_factory: pytest.TempPathFactory) -> tuple[Told, float]:
    bench = Bench(tmp_path_factory.mktemp("hostile"))
    bench.watch(feeds([path.lstrip("/") for path in server.pages]))
    began = time.monotonic()
    found = bench.crawl(base_urls={"feed": server.base}, timeout=TIMEOUT, record_dials=True)
    return found, time.monotonic() - began


def test_healthy_feeds_are_read_beside_hostile_ones(told: tuple[Told, float]) -> None:
    texts = {mention["native_id"] for mention in told[0].mentions.values()}
    assert texts == {"a", "b", "c", "hopped"}
    state = told[0].state
    assert state["status"] == "blocked"
    assert state["errors"] == len(told[0].failures)
    assert "failed" in state["reason"]


@pytest.mark.parametrize(
    ("stream", "kind", "words"),
    [
        ("big", "SourceError", "16 MiB"),
        ("endless", "SourceError", "16 MiB"),
        ("short", "SourceError", "broke off"),
        ("loop", "SourceError", "5 redirects"),
        ("hop6", None, ""),
        ("file", "SourceError", "nowhere we go"),
        ("data", "SourceError", "nowhere we go"),
        ("gopher", "SourceError", "nowhere we go"),
        # Read without its entities, and without recursion: nothing in them, nothing wrong.
        ("laughs", None, ""),
        ("deep", None, ""),
        ("html", "SourceBlocked", "web page"),
        ("nonsense", "SourceChanged", "feed"),
        ("404", "SourceGone", "not there"),
        ("410", "SourceGone", "not there"),
        ("403", "SourceBlocked", "403: 'no'"),
        ("401", "SourceBlocked", "401"),
        *((f"bomb{n}", "SourceError", "16 MiB") for n in range(len(BOMBS))),
        *((f"drip{n}", "SourceError", f"within {TIMEOUT} s") for n in range(4)),
        *((f"private{n}", "EgressRefused", "") for n in range(len(FORBIDDEN))),
    ],
)
def test_each_fault_is_told_for_what_it_is(
    told: tuple[Told, float], stream: str, kind: str | None, words: str
) -> None:
    failure = told[0].failures.get(stream)
    if kind is None:
        assert failure is None
        return
    assert failure is not None
    assert failure[0] == kind, failure
    assert words in failure[1]


def test_no_forbidden_address_is_dialled(told: tuple[Told, float], server: Hostile) -> None:
    allowed = ["127.0.0.1", server.server.server_address[1]]
    assert all(dial == allowed for dial in told[0].dialled)
    assert {f"private{n}" for n in range(len(FORBIDDEN))} <= set(told[0].failures)
    assert told[0].dialled


def test_slow_servers_are_ended_in_time(told: tuple[Told, float]) -> None:
    # Four drips at one host, 4 at a time, and everything else beside them.
    assert told[1] < 30


def test_bombs_and_endless_bodies_cost_little_memory(told: tuple[Told, float]) -> None:
    # The whole process with Scrapy, SQLite and five bombs of 64 MiB, two of 16 MiB in flight at most.
    assert told[0].peak < 320 * MIB


def test_the_limits_that_ship() -> None:
    from crawlers import settings  # noqa: PLC0415

    assert settings.DOWNLOAD_TIMEOUT == 30
    assert settings.DOWNLOAD_MAXSIZE == 16 * MIB
    assert settings.REDIRECT_MAX_TIMES == 5
    assert settings.DOWNLOAD_VERIFY_CERTIFICATES is True
    assert settings.TELNETCONSOLE_ENABLED is False
    assert settings.REMOTE_CONTROL_ENABLED is False
    assert settings.COOKIES_ENABLED is False
    assert all(settings.DOWNLOAD_HANDLERS[name] is None for name in ("file", "data", "ftp", "s3"))
