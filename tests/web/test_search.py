from __future__ import annotations

import csv
import io
import json
import re
from datetime import timedelta
from urllib.parse import parse_qs, quote, urlsplit
from xml.etree import ElementTree as ET

import pytest

from core.cells import guarded
from core.ports import Store
from core.query_parser import parse
from core.search import FacetValue
from core.source import SourceState, SourceStatus
from store.sqlite import sampling
from tests.builders import NOW, a_mention, found
from tests.web.browser import Browser, text_of
from tests.web.world import ANGRY
from web.facets import choices

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1", "＋1", "﹢1", "\ufeff=1"]


@pytest.mark.usefixtures("world")
def test_a_search_counts_highlights_and_says_how_it_was_read(browser: Browser) -> None:
    page = browser.get("/search?q=price+churn:maybe").text
    words = text_of(page)
    assert "1 mention" in words
    assert '<mark class="mark-hit ">price</mark>' in page
    assert '<mark class="mark-bad "' in page
    assert "Searched for: price" in words


@pytest.mark.usefixtures("world")
def test_facets_narrow_down_and_keep_the_rest_of_the_query(browser: Browser) -> None:
    page = browser.get("/search?q=acme+sentiment:negative").text
    links = [part.split('"')[0].replace("&amp;", "&") for part in page.split('class="facet-in" href="')[1:]]
    queries = {parse_qs(urlsplit(link).query).get("q", [""])[0] for link in links}
    assert "acme sentiment:negative source:hackernews" in queries
    assert "acme sentiment:negative,positive" in queries  # the facet's other values can still be had
    assert "acme" in queries  # and this one taken away


@pytest.mark.usefixtures("world")
def test_a_facet_value_can_be_left_out(browser: Browser) -> None:
    page = browser.get("/search?q=acme").text
    assert "q=acme+-source:feed" in page
    data = browser.get("/search.json?q=acme+-source:feed").get_json()
    assert {mention["source"] for mention in data["mentions"]} == {"hackernews", "mastodon"}


@pytest.mark.usefixtures("world")
def test_each_part_of_the_query_can_be_taken_away(browser: Browser) -> None:
    page = browser.get('/search?q="acme"+source:feed').text
    assert 'class="pill" href="/search?q=source:feed"' in page


@pytest.mark.usefixtures("world")
def test_dates_become_part_of_the_query(browser: Browser) -> None:
    answer = browser.get("/search?q=acme+last:7d&from=2026-02-20&to=2026-03-02&sort=old", 303)
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert query["q"] == ["acme after:2026-02-20 before:2026-03-03"]
    assert query["sort"] == ["old"]
    assert (
        browser.get(answer.headers["Location"].replace("/search?", "/search.json?")).get_json()["count"] == 2
    )


@pytest.mark.usefixtures("world")
def test_the_chart_has_a_bar_a_link_and_a_row_for_each_time(browser: Browser) -> None:
    page = browser.get("/search").text
    assert page.count('class="bar bar-negative"') == 1
    assert "See it as a table" in page
    assert page.count("data-start=") == page.count("data-end=") >= 8


@pytest.mark.usefixtures("world")
def test_what_is_dragged_over_becomes_part_of_the_query(browser: Browser) -> None:
    answer = browser.get("/search?q=acme&from=2026-03-01T06:00:00Z&to=2026-03-01T18:00:00Z", 303)
    query = parse_qs(urlsplit(answer.headers["Location"]).query)["q"]
    assert query == ["acme after:2026-03-01T06:00:00Z before:2026-03-01T18:00:00Z"]


@pytest.mark.parametrize("written", ["nonsense", "2026-13-01", "0001-01-01T00:00:00+23:59", "9999-12-31", ""])
@pytest.mark.usefixtures("world")
def test_a_day_that_is_none_is_left_out(browser: Browser, written: str) -> None:
    browser.get(f"/search?q=acme&from={written}&to={written}", 303)


@pytest.mark.usefixtures("world")
def test_spans_are_one_press_away_and_the_rest_of_the_query_stays(browser: Browser) -> None:
    page = browser.get("/search?q=acme+after:2026-02-20").text
    assert 'href="/search?q=acme+last:7d"' in page
    assert re.search(r'href="/search\?q=acme">All time', page)
    chosen = browser.get("/search?q=acme+last:7d").text
    assert re.search(r'href="/search\?q=acme\+last:7d" aria-current="true"', chosen)


@pytest.mark.usefixtures("world")
def test_the_chart_says_which_source_was_not_read_instead_of_showing_quiet(
    browser: Browser, store: Store
) -> None:
    blocked = SourceState(
        watch_id="acme", source="mastodon", status=SourceStatus.BLOCKED, reason="it answers 403",
        last_success_at=NOW - timedelta(days=2),
        gaps=("2026-02-20 10:00 to 2026-02-21 10:00 UTC: #acme shows no more",),
    )  # fmt: skip
    store.save_source_state(blocked)
    page = browser.get("/search?q=acme").text
    assert page.count('fill="url(#silent)"') == 2
    assert "Mastodon has not been read since 28 Feb 2026, 12:00 UTC : it answers 403" in text_of(page)
    assert "Mastodon was not read from 20 Feb 2026, 10:00 UTC" in text_of(page)
    for query in (
        "acme source:hackernews",
        "acme -source:mastodon",
        "acme after:2026-02-01 before:2026-02-05",
    ):
        assert "url(#silent)" not in browser.get(f"/search?q={quote(query)}").text


def test_counts_from_a_sample_say_so() -> None:
    one, other = choices(
        parse("acme source:feed").node, "source", [FacetValue(value="reddit", count=12_000, exact=False)]
    )
    assert (one.exact, other.exact) == (False, True)


def test_a_page_of_very_many_hits_says_which_figures_are_estimates(
    browser: Browser, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, most in (("FULL", 100), ("MOST", 200), ("AT_ONCE", 400), ("DESCRIBED", 100)):
        monkeypatch.setattr(sampling, name, most)
    hour = timedelta(hours=1)
    mentions = [
        a_mention(text="Acme rare" if n < 50 else "Acme", published_at=NOW - n * hour) for n in range(600)
    ]
    store.put([found(mention) for mention in mentions], now=NOW)
    many = text_of(browser.get("/search?q=acme").text)
    assert re.search(r"≈ [456]\d0 mentions of ≈ [456]\d0, searched", many)
    assert re.search(r"Hacker News ≈ [456]\d0", many)
    assert re.search(r"at most ≈ \d+", many)
    assert "the bars are estimated from a sample" in many
    few = text_of(browser.get("/search?q=rare").text)
    assert re.search(r" 50 mentions of ≈ [456]\d0, searched", few)
    assert "Hacker News 50" in few
    assert "estimated" not in few


def test_json_pages_on_and_counts(browser: Browser, store: Store) -> None:
    store.put([found(a_mention(native_id=f"n{n}")) for n in range(25)], now=NOW)
    store.settle()
    data = browser.get("/search.json?q=acme&limit=20").get_json()
    assert (data["count"], len(data["mentions"])) == (25, 20)
    rest = browser.get(data["next"]).get_json()
    assert len(rest["mentions"]) == 5
    assert rest["next"] is None


def test_csv_holds_every_hit_of_the_same_view(browser: Browser, store: Store) -> None:
    store.put(
        [found(a_mention(native_id=f"n{n}", text=f'Acme, "no" {n}\nnext')) for n in range(450)], now=NOW
    )
    store.put([found(a_mention(native_id="other", text="Acme is fine", source="feed"))], now=NOW)
    store.settle()
    answer = browser.get("/search.csv?q=source:hackernews")
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert len(rows) == 450
    assert rows[0]["text"].startswith('Acme, "no"')
    assert answer.headers["X-Earful-Limit"] == "10000"
    assert "attachment" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize("cell", FORMULAS)
def test_no_cell_is_a_formula(cell: str) -> None:
    assert guarded(cell).startswith("'")


@pytest.mark.parametrize("cell", ["", "plain", "a=b", "1", None, 7])
def test_other_cells_stay_as_they_are(cell: object) -> None:
    assert guarded(cell) == ("" if cell is None else str(cell))


def test_formulas_in_mentions_are_guarded_in_both_exports(browser: Browser, store: Store) -> None:
    evil = '=HYPERLINK("http://evil.example","Acme")'
    store.put([found(a_mention(native_id="1", text=evil, title="+Acme", author="@Acme"))], now=NOW)
    store.settle()
    for address in ("/search.csv", "/threads.csv"):
        rows = list(csv.reader(io.StringIO(browser.get(address).text, newline="")))
        assert not [cell for row in rows[1:] for cell in row if cell[:1] in "=+-@" and cell]


def test_the_feed_is_well_formed_whatever_was_said(browser: Browser, store: Store) -> None:
    text = "Acme <b>&amp;\x01\x0b\ufffe ]]> \U0001f600"
    store.put([found(a_mention(native_id="1", text=text, title="<i>", url="javascript:x"))], now=NOW)
    store.settle()
    answer = browser.get("/search.atom?q=acme")
    feed = ET.fromstring(answer.data)  # noqa: S314 - our own output
    space = {"a": "http://www.w3.org/2005/Atom"}
    entry = feed.find("a:entry", space)
    assert entry is not None
    assert entry.findtext("a:title", namespaces=space) == "<i>"
    assert "<b>" in (entry.findtext("a:content", namespaces=space) or "")
    assert entry.find("a:link", space) is None
    assert answer.mimetype == "application/atom+xml"


def test_the_json_feed_is_version_1_1_with_stable_ids(browser: Browser, store: Store) -> None:
    store.put(
        [found(a_mention(native_id="1", text="Acme <b>x</b>", url="javascript:x", language="en"))], now=NOW
    )
    store.settle()
    answer = browser.get("/search.feed.json?q=acme")
    feed = answer.get_json()
    assert answer.mimetype == "application/feed+json"
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["home_page_url"] == "http://localhost/search?q=acme"
    (item,) = feed["items"]
    assert (item["id"], item["content_text"], item["language"]) == ("hackernews:1", "Acme <b>x</b>", "en")
    assert "url" not in item
    assert item["date_published"] == "2026-03-02T12:00:00Z"


def test_json_lines_hold_every_hit(browser: Browser, store: Store) -> None:
    store.put([found(a_mention(native_id=f"n{n}", text=f"Acme\u2028{n}")) for n in range(210)], now=NOW)
    store.settle()
    answer = browser.get("/search.jsonl?q=acme")
    lines = [json.loads(line) for line in answer.data.decode().split("\n")[:-1]]
    assert len({line["id"] for line in lines}) == 210
    assert answer.mimetype == "application/jsonl"
    assert answer.headers["X-Earful-Limit"] == "10000"


@pytest.mark.usefixtures("world")
def test_a_search_says_how_much_it_looked_through(browser: Browser) -> None:
    assert re.search(r"1 mention of 4, searched in \d+ ms", text_of(browser.get("/search?q=price").text))


@pytest.mark.usefixtures("world")
def test_a_person_is_all_they_said_on_a_source(browser: Browser) -> None:
    page = browser.get("/people/hackernews:ada").text
    assert "I cancel Acme" in text_of(page)
    assert ANGRY in page
    browser.get("/people/hackernews:nobody", 404)
    browser.get("/people/nonsense", 404)


@pytest.mark.usefixtures("world")
def test_nothing_found_says_what_to_try(browser: Browser) -> None:
    assert "Nothing says that." in text_of(browser.get("/search?q=nosuchword").text)
