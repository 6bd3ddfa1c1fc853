"""The replay server, asked through HTTP as a spider asks it."""

from __future__ import annotations

import html
import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import feedparser
import pytest

from core.clock import from_iso
from crawlers.replay import DEMO_WATCH, HASHTAGS, SERVERS
from crawlers.replay import FEEDS as FEED_FILES
from crawlers.replay.check import faults
from crawlers.replay.corpus import Corpus, load_corpus, shift_to
from crawlers.replay.ledger import id_of, ledger
from crawlers.replay.server import Desk, Faults, ReplayServer

ROOT = Path(__file__).parents[2]
CORPUS = load_corpus()
HN = "/hackernews/api/v1"
FEEDS = [f"/feeds/{name}" for name in FEED_FILES]
TOOTS = f"/mastodon/{SERVERS[0]}/api/v1"


@contextmanager
def served(corpus: Corpus = CORPUS, **options: Any) -> Iterator[ReplayServer]:
    server = ReplayServer(Desk(corpus=corpus, **options))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def server() -> Iterator[ReplayServer]:
    with served() as running:
        yield running


def ask(
    server: ReplayServer, target: str, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    connection = HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)
    connection.request("GET", target, headers=headers or {})
    answer = connection.getresponse()
    found = answer.status, dict(answer.getheaders()), answer.read()
    connection.close()
    return found


def read(server: ReplayServer, target: str) -> Any:
    status, _, body = ask(server, target)
    assert status == 200, target
    return json.loads(body)


def hits(server: ReplayServer, **query: object) -> list[dict[str, Any]]:
    found, page = [], 0
    while True:
        answer = read(server, f"{HN}/search_by_date?{urlencode({**query, 'page': page})}")
        found += answer["hits"]
        page += 1
        if page >= answer["nbPages"]:
            assert len(found) == answer["nbHits"]
            return found


def plain(markup: str) -> str:
    return squeeze(html.unescape(re.sub(r"<[^>]+>", "", re.sub(r"<(?:p|br)\b[^>]*>", " ", markup))))


def squeeze(text: str) -> str:
    return " ".join(text.split())


def test_the_corpus_has_nothing_wrong_with_it() -> None:
    assert faults(CORPUS) == []


def test_the_corpus_is_as_large_as_the_demo_promises() -> None:
    kept = ledger(CORPUS)
    assert len(kept) >= 640
    assert len({(post.source, post.thread) for post in kept}) >= 125
    assert len({post.author for post in kept}) >= 155
    assert len({post.text for post in kept}) >= len(kept) - 10


def test_the_watch_of_the_demo_knows_our_own_answers_on_every_source() -> None:
    names = {"hackernews": "hackernews", "mastodon": "mastodon", "feeds": "feed"}
    for post in CORPUS.posts:
        assert DEMO_WATCH.is_own(names[post.source], CORPUS.person(post).handle) == post.own


def test_the_newest_post_stands_shortly_before_the_anchor_and_ids_stay() -> None:
    anchor = datetime(2031, 3, 2, 4, 5, tzinfo=UTC)
    moved = CORPUS.shifted(shift_to(CORPUS, anchor))
    age = anchor - moved.posts[-1].at
    assert timedelta(hours=1) <= age < timedelta(hours=25)
    assert [post.id for post in moved.posts] == [post.id for post in CORPUS.posts]
    assert {post.at - old.at for post, old in zip(moved.posts, CORPUS.posts, strict=True)} == {
        timedelta(days=shift_to(CORPUS, anchor))
    }


def test_a_quoted_search_finds_exactly_what_says_the_word(server: ReplayServer) -> None:
    found = hits(server, query='"plinthly"', tags="(story,comment)", hitsPerPage=50)
    said = {post.id for post in CORPUS.of("hackernews") if "Plinthly" in post.brands}
    assert said <= {hit["objectID"] for hit in found}
    times = [hit["created_at_i"] for hit in found]
    assert times == sorted(times, reverse=True)


def test_hits_leave_out_what_is_not_there(server: ReplayServer) -> None:
    for hit in hits(server, query="plinthly", hitsPerPage=1000):
        assert None not in hit.values()
        assert from_iso(hit["created_at"]).timestamp() == hit["created_at_i"]
        post = CORPUS.by_id["hackernews", hit["objectID"]]
        assert plain(hit.get("comment_text") or hit.get("story_text") or "") == squeeze(post.text)


def test_a_sloppy_search_forgives_typos_and_a_strict_one_does_not(server: ReplayServer) -> None:
    assert hits(server, query="plintly", hitsPerPage=1000)
    assert not hits(server, query="plintly", typoTolerance="false", hitsPerPage=1000)
    assert not hits(server, query='"plintly"', hitsPerPage=1000)


def test_windows_of_time_and_tags_narrow_a_search(server: ReplayServer) -> None:
    middle = int(datetime(2026, 8, 12, tzinfo=UTC).timestamp())
    before = hits(server, tags="(story,comment)", numericFilters=f"created_at_i<{middle}", hitsPerPage=200)
    after = hits(server, tags="(story,comment)", numericFilters=f"created_at_i>={middle}", hitsPerPage=200)
    assert before
    assert after
    assert len(before) + len(after) == len(CORPUS.of("hackernews"))
    stories = hits(
        server, tags="story", numericFilters=f"created_at_i>0,created_at_i<={middle}", hitsPerPage=200
    )
    assert {hit["_tags"][0] for hit in stories} == {"story"}


def test_an_item_holds_its_whole_tree(server: ReplayServer) -> None:
    for (source, thread), posts in CORPUS.threads.items():
        if source != "hackernews":
            continue
        found, queue = set(), [read(server, f"{HN}/items/{thread}")]
        while queue:
            item = queue.pop()
            found.add(str(item["id"]))
            assert plain(item["text"] or "") == squeeze(CORPUS.by_id["hackernews", str(item["id"])].text)
            queue += item["children"]
        assert found == {post.id for post in posts}
    assert ask(server, f"{HN}/items/1")[0] == 404


def walk(server: ReplayServer, target: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while target:
        status, headers, body = ask(server, target)
        assert status == 200
        found += json.loads(body)
        links = dict(re.findall(r'<([^>]+)>; rel="(\w+)"', headers.get("Link", "")))
        following = {rel: url for url, rel in links.items()}.get("next", "")
        assert not following or following.startswith(server.base)
        target = following.removeprefix(server.base)
    return found


def test_following_the_links_gives_every_status_of_a_tag_once(server: ReplayServer) -> None:
    for tag in HASHTAGS:
        found = [status["id"] for status in walk(server, f"{TOOTS}/timelines/tag/{tag}?limit=7")]
        tagged = {
            post.id for post in CORPUS.of("mastodon") if tag in [name.lower() for name in post.hashtags]
        }
        assert len(found) == len(tagged)
        assert set(found) == tagged
        assert [int(name) for name in found] == sorted(map(int, found), reverse=True)


def test_min_id_gives_the_next_newer_and_since_id_the_newest(server: ReplayServer) -> None:
    every = [status["id"] for status in walk(server, f"{TOOTS}/timelines/tag/plinthly?limit=40")]
    oldest = every[-1]
    after = read(server, f"{TOOTS}/timelines/tag/plinthly?limit=3&min_id={oldest}")
    assert [status["id"] for status in after] == every[-4:-1]
    newest = read(server, f"{TOOTS}/timelines/tag/plinthly?limit=3&since_id={oldest}")
    assert [status["id"] for status in newest] == every[:3]


def test_links_honour_the_host_that_was_asked(server: ReplayServer) -> None:
    _, headers, _ = ask(server, f"{TOOTS}/timelines/tag/plinthly?limit=2", {"Host": "localhost:1234"})
    assert "<http://localhost:1234/mastodon/" in headers["Link"]
    assert int(headers["X-RateLimit-Remaining"]) > 0
    assert from_iso(headers["X-RateLimit-Reset"])


def test_contexts_of_tagged_statuses_show_all_that_the_ledger_wants(server: ReplayServer) -> None:
    shown = {}
    for tag in HASHTAGS:
        for status in walk(server, f"{TOOTS}/timelines/tag/{tag}?limit=40"):
            context = read(server, f"{TOOTS}/statuses/{status['id']}/context")
            for found in (*context["ancestors"], status, *context["descendants"]):
                shown[f"mastodon:{urlsplit(found['uri']).hostname}:{found['uri'].rsplit('/', 1)[1]}"] = found
    wanted = {id_of(CORPUS, post): post for post in ledger(CORPUS) if post.source == "mastodon"}
    assert set(shown) == set(wanted)
    for name, post in wanted.items():
        assert plain(shown[name]["content"]) == squeeze(post.text)
        assert shown[name]["spoiler_text"] == post.title
        assert from_iso(shown[name]["created_at"]) == post.at
        assert shown[name]["account"]["followers_count"] == CORPUS.person(post).followers


def test_search_wants_a_token_and_a_missing_status_is_404(server: ReplayServer) -> None:
    assert ask(server, f"/mastodon/{SERVERS[0]}/api/v2/search?q=plinthly")[0] == 401
    assert ask(server, f"{TOOTS}/statuses/1")[0] == 404
    assert ask(server, f"{TOOTS}/statuses/1/context")[0] == 404


def test_copies_on_other_servers_have_other_ids_and_the_same_uri() -> None:
    with served(federated_ids=True) as running:
        one, other = (
            walk(running, f"/mastodon/{host}/api/v1/timelines/tag/plinthly?limit=40") for host in SERVERS
        )
    assert [status["uri"] for status in one] == [status["uri"] for status in other]
    assert [status["id"] for status in one] != [status["id"] for status in other]


def test_feeds_hold_what_the_ledger_wants(server: ReplayServer) -> None:
    found = {}
    for path in FEEDS[:2]:
        feed = feedparser.parse(ask(server, path)[2])
        assert not feed.bozo
        host = urlsplit(feed.feed.link).hostname
        found.update({f"feed:{host}:{entry.id}": entry for entry in feed.entries})
    letter = read(server, FEEDS[2])
    items = {
        f"feed:{urlsplit(letter['home_page_url']).hostname}:{item['id']}": item for item in letter["items"]
    }
    wanted = {id_of(CORPUS, post): post for post in ledger(CORPUS) if post.source == "feeds"}
    assert set(wanted) <= set(found) | set(items)
    for name, post in wanted.items():
        markup = items[name]["content_html"] if name in items else found[name].content[0].value
        assert plain(markup) == squeeze(post.text)
        title = items[name]["title"] if name in items else found[name].title
        assert title == post.title


def test_a_feed_that_did_not_change_is_not_sent_again(server: ReplayServer) -> None:
    for path in FEEDS:
        _, headers, body = ask(server, path)
        assert body
        assert ask(server, path, {"If-None-Match": headers["ETag"]})[::2] == (304, b"")
        assert ask(server, path, {"If-None-Match": f'W/{headers["ETag"]}, "x"'})[0] == 304
        assert ask(server, path, {"If-Modified-Since": headers["Last-Modified"]})[0] == 304
        assert (
            ask(server, path, {"If-None-Match": '"old"', "If-Modified-Since": headers["Last-Modified"]})[0]
            == 200
        )
        assert ask(server, path, {"If-Modified-Since": "yesterday"})[0] == 200


def test_a_shift_makes_another_etag_and_moves_dates_only(server: ReplayServer) -> None:
    with served(CORPUS.shifted(40)) as later:
        assert ask(later, FEEDS[0])[1]["ETag"] != ask(server, FEEDS[0])[1]["ETag"]
        now, then = read(later, "/ledger.json"), read(server, "/ledger.json")
    assert [row["id"] for row in now] == [row["id"] for row in then]
    assert {
        from_iso(row["published_at"]) - from_iso(old["published_at"])
        for row, old in zip(now, then, strict=True)
    } == {timedelta(days=40)}


def test_failures_come_in_turn_and_are_in_the_log() -> None:
    with served(faults=Faults(fail_every=2)) as running:
        statuses = [ask(running, "/robots.txt")[:2] for _ in range(6)]
        log = read(running, "/requests.json")
    assert [status for status, _ in statuses] == [200, 429, 200, 500, 200, 429]
    assert statuses[1][1]["Retry-After"] == "1"
    assert [row["status"] for row in log] == [200, 429, 200, 500, 200, 429]
    assert [row["retry_after"] for row in log][1:4] == ["1", None, None]
    assert log[0]["at"] <= log[-1]["at"]


def test_robots_allow_all_and_strange_paths_are_404(server: ReplayServer) -> None:
    assert b"Disallow:\n" in ask(server, "/robots.txt")[2]
    for path in ("/", "/hackernews", "/mastodon", "/feeds/..%2f..%2fcorpus.jsonl", f"/{quote('ü')}"):
        assert ask(server, path)[0] == 404


def test_the_command_serves_and_ends_on_sigterm() -> None:
    command = [sys.executable, "-m", "crawlers.replay", "--port", "0", "--anchor", "2026-12-24T18:00:00Z"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            port = re.fullmatch(r"replay server on http://127\.0\.0\.1:(\d+)\n", line)
            assert port, line
            connection = HTTPConnection("127.0.0.1", int(port[1]), timeout=10)
            connection.request("GET", "/ledger.json")
            newest = from_iso(json.loads(connection.getresponse().read())[-1]["published_at"])
            connection.close()
            assert datetime(2026, 12, 23, 17, tzinfo=UTC) < newest <= datetime(2026, 12, 24, 17, tzinfo=UTC)
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=5) == 0
