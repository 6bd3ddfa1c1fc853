from __future__ import annotations

import csv
import io
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import pytest

from core.cells import guarded
from core.ports import Store
from tests.builders import NOW, a_mention, found
from tests.web.browser import Browser, text_of
from tests.web.world import ANGRY

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
    assert "see it as a table" in page


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
