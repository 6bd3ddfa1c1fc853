"""Saved searches: examples hold them to what was meant, versions bring back what they were."""

from __future__ import annotations

import pytest
from flask import Flask

from core.ports import Store
from core.query_parser import parse
from engage.examples import says
from engage.saved_searches import saved_search
from tests.web.browser import Browser, field, text_of
from tests.web.world import SEARCH


def save(browser: Browser, status: int = 303, key: str = "mine", **form: str) -> str:
    fields = {"title": "Price", "query": "price OR expensive", "sort": "new", "version": "0", **form}
    return browser.post(f"/searches/{key}", status, **fields).text


@pytest.mark.usefixtures("world")
def test_a_search_is_saved_listed_and_one_press_away(browser: Browser, store: Store) -> None:
    page = browser.get("/search?q=price&sort=risk").text
    assert 'href="/searches/new?q=price&amp;sort=risk"' in page
    form = browser.get("/searches/new?q=price&sort=risk").text
    assert field(form, "query") == "price"
    save(browser, query="price", team="yes")
    assert saved_search(store, "mine", "bob").title == "Price"
    assert "Price 1 mention the team version 1" in text_of(browser.get("/searches").text)
    assert 'aria-current="page"><bdi>Price</bdi>' in browser.get("/search?q=price").text
    assert browser.get("/searches.json").get_json()["searches"][1]["query"] == "price"


def test_an_example_that_no_longer_holds_refuses_the_change(browser: Browser, store: Store) -> None:
    save(browser, must="It got too expensive\nPrices doubled", must_not="A lovely tool")
    page = text_of(save(browser, 400, query="expensive", version="1", must="Prices doubled"))
    assert "does not find the example “Prices doubled”" in page
    page = text_of(save(browser, 400, version="1", query="tool OR price", must_not="A lovely tool"))
    assert "finds the example “A lovely tool”" in page
    assert saved_search(store, "mine", "admin").query == "price OR expensive"
    tried = text_of(save(browser, 200, do="try", query="lovely", must="Prices doubled", version="1"))
    assert "not as expected" in tried or "not found" in tried


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ("cancel", "They cancelled it", True),
        ('"they cancel"', "They cancelled it", False),
        ("canc*", "They cancelled it", True),
        ("cancel -refund", "I cancelled and got a refund", False),
        ("slow OR crash", "It crashed", True),
        ("cancel churn:yes", "I cancelled", None),
        ("cancel churn:yes", "All fine", False),
        ("cancel OR source:reddit", "I cancelled", True),
        ("-source:reddit", "I cancelled", None),
        ("", "anything", True),
        ("title:cancel", "I cancelled", False),
    ],
)
def test_words_decide_and_what_is_no_word_stays_open(query: str, text: str, found: bool | None) -> None:  # noqa: FBT001
    assert says(parse(query).node, text) is found


def test_earlier_versions_come_back_into_the_form(browser: Browser, store: Store) -> None:
    save(browser)
    save(browser, query="cost", version="1")
    page = browser.get("/searches/mine").text
    assert "version 1: price OR expensive" in text_of(page)
    assert field(browser.get("/searches/mine?version=1").text, "query") == "price OR expensive"
    assert saved_search(store, "mine", "admin").query == "cost"


def test_two_who_change_the_same_search_lose_nothing(browser: Browser, store: Store) -> None:
    save(browser)
    save(browser, query="cost", version="1")
    page = save(browser, 409, query="fee", version="1")
    assert (field(page, "query"), field(page, "version")) == ("fee", "2")
    assert saved_search(store, "mine", "admin").query == "cost"


def test_ones_own_search_is_nobody_elses(app: Flask, browser: Browser, store: Store) -> None:
    save(browser)
    bob = Browser(app, store).sign_in("bob")
    bob.get("/searches/mine", 404)
    bob.post("/searches/mine/remove", 404)
    bob.post("/searches/mine", 404, title="x", query="y", version="1")
    bob.post("/settings/tokens/feed", 404, search="mine")
    assert "Price" not in bob.get("/searches").text


@pytest.mark.parametrize(
    "form",
    [{"title": ""}, {"title": "x" * 61}, {"query": "x" * 513}, {"must": "\n".join(map(str, range(21)))},
     {"must": "y" * 1001}],
)  # fmt: skip
def test_what_is_out_of_bounds_is_refused_and_nothing_typed_is_lost(
    browser: Browser, form: dict[str, str]
) -> None:
    page = save(browser, 400, **form)
    name, value = next(iter(form.items()))
    assert value in page
    assert name in page
    assert "Not saved." in page


@pytest.mark.usefixtures("world")
def test_a_query_that_is_misread_is_told_on_the_form(browser: Browser) -> None:
    page = text_of(save(browser, 200, do="try", query="price churn:maybe"))
    assert "Part of the query cannot be read." in page
    assert "Read as: price" in page


@pytest.mark.usefixtures("world")
def test_a_viewer_reads_saved_searches_and_changes_none(app: Flask, store: Store) -> None:
    vera = Browser(app, store).sign_in("vera")
    vera.get(f"/searches/{SEARCH}")
    vera.post(f"/searches/{SEARCH}", 403, title="x")
