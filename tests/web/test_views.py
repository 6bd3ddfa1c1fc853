"""Saved views, the remembered order, mutes in the queue, a person's word in its rows."""

from __future__ import annotations

import pytest
from flask import Flask

from core.ports import Store
from core.thread import Correction
from engage.muting import Mutable, mute
from tests.builders import NOW
from tests.web.browser import Browser, text_of
from tests.web.world import ANGRY, ANSWERED, PRAISE

pytestmark = pytest.mark.usefixtures("world")


def ids(browser: Browser, address: str) -> list[str]:
    return [thread["id"] for thread in browser.get(address).get_json()["threads"]]


def test_a_view_is_saved_shown_with_its_count_changed_and_removed(browser: Browser) -> None:
    answer = browser.post("/views/save", from_="q=cancel&churn=yes", key="k1", title=" Leaving  us ")
    page = browser.follow(answer)
    assert "Leaving us 1" in text_of(page)
    assert ids(browser, "/threads.json?view=k1") == [ANGRY]
    browser.post("/views/save", from_="view=k1&sort=waiting", key="k1", title="Going", default="yes")
    assert 'value="waiting" selected' in browser.get("/threads?view=k1").text
    assert ids(browser, "/threads.json") == [ANGRY]
    assert set(ids(browser, "/threads.json?view=open")) == {ANGRY, ANSWERED, PRAISE}
    browser.post("/views/remove", key="k1")
    assert "Going" not in browser.get("/threads").text
    assert len(ids(browser, "/threads.json")) == 3


def test_own_views_are_ones_own_and_team_views_everybodys(app: Flask, store: Store, browser: Browser) -> None:
    bob = Browser(app, store).sign_in("bob")
    browser.post("/views/save", from_="q=export", key="mine", title="Only mine")
    browser.post("/views/save", from_="q=export", key="ours", title="All ours", team="yes")
    page = bob.get("/threads").text
    assert "All ours" in page
    assert "Only mine" not in page
    bob.post("/views/save", 404, from_="q=lovely", key="mine", title="Taken")
    bob.post("/views/remove", 404, key="mine")
    bob.post("/views/remove", key="ours")
    assert "All ours" not in browser.get("/threads").text


@pytest.mark.parametrize("title", ["", "   ", "x" * 41])
def test_a_view_needs_a_name(browser: Browser, title: str) -> None:
    page = browser.post("/views/save", 400, from_="q=a", key="k", title=title)
    assert "1 to 40 characters" in page.text


def test_a_built_in_view_can_be_the_first(browser: Browser) -> None:
    browser.post("/views/choose", from_="view=unanswered", key="unanswered")
    assert set(ids(browser, "/threads.json")) == {ANGRY, PRAISE}
    page = browser.get("/threads?view=open").text
    assert 'href="/threads?view=open"' in page


def test_the_chosen_order_is_remembered(browser: Browser) -> None:
    assert 'value="priority" selected' in browser.get("/threads").text
    browser.get("/threads?sort=waiting")
    page = browser.get("/threads").text
    assert 'value="waiting" selected' in page
    assert "sort=waiting" in page
    assert ids(browser, "/threads.json")[0] == PRAISE
    browser.get("/threads?sort=priority")
    assert ids(browser, "/threads.json")[0] == ANGRY


def test_muted_mentions_leave_the_queue_and_stay_under_all(browser: Browser, store: Store) -> None:
    mute(store, Mutable.AUTHOR, "ada", source="hackernews", actor="bob", now=NOW)
    mute(store, Mutable.WORD, "lovely", actor="bob", now=NOW)
    assert ids(browser, "/threads.json") == [ANSWERED]
    assert len(ids(browser, "/threads.json?view=all")) == 3
    assert "Open 1" in text_of(browser.get("/threads").text)


def test_a_row_shows_a_persons_word_instead_of_the_models(browser: Browser, store: Store) -> None:
    store.correct(Correction(mention_id=ANGRY, brand="Acme", by="bob", at=NOW, tone="positive", churn=False))
    page = browser.get("/threads").text
    assert "Negative 90%" not in text_of(page)
    assert 'title="Corrected by bob"' in page
    correction = browser.get("/threads.json").get_json()["threads"][0]["correction"]
    assert (correction["by"], correction["tone"], correction["churn"]) == ("bob", "positive", False)
