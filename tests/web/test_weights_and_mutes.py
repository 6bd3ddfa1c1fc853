"""The weights' page and the muted page."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import timedelta

import pytest
from flask import Flask

from core.clock import SetClock
from core.ports import Store
from core.settings import PriorityWeights
from engage.ranking import rank
from tests.web.browser import Browser, field, text_of
from tests.web.world import ANGRY, ANSWERED, PRAISE

pytestmark = pytest.mark.usefixtures("world")

QUIET = replace(PriorityWeights(), churn=0, negative=0, unanswered=0, rival=0, question=50)


def sent(weights: PriorityWeights) -> dict[str, str]:
    return {name: str(value) for name, value in asdict(weights).items()}


def order(browser: Browser) -> list[str]:
    return [thread["id"] for thread in browser.get("/threads.json").get_json()["threads"]]


def test_what_would_move_is_told_before_anything_is_saved(browser: Browser, store: Store) -> None:
    page = browser.post("/settings/priority/preview", 200, **sent(QUIET)).text
    assert "of the first 3 open threads would move" in text_of(page)
    assert 'action="/settings/priority"' in page
    assert store.kept("setting") == []
    same = browser.post("/settings/priority/preview", 200, **sent(PriorityWeights())).text
    assert "0 of the first 3 open threads would move" in text_of(same)


def test_saved_weights_put_the_queue_in_another_order(
    browser: Browser, store: Store, clock: SetClock
) -> None:
    assert order(browser)[0] == ANGRY
    clock.advance(timedelta(minutes=1))
    browser.post("/settings/priority", **sent(QUIET))
    rank(store, PriorityWeights(), now=clock.now())
    store.settle()
    assert order(browser)[0] == ANSWERED
    assert 'name="question" value="50"' in browser.get("/settings/priority").text
    assert "theirs" in browser.post("/settings/priority", 409, **sent(PriorityWeights())).text


@pytest.mark.parametrize("value", ["", "x", "-1", "101", "nan", "inf"])
def test_a_weight_that_is_none_is_refused(browser: Browser, store: Store, value: str) -> None:
    browser.post("/settings/priority/preview", 400, **(sent(QUIET) | {"churn": value}))
    browser.post("/settings/priority", 400, **(sent(QUIET) | {"churn": value}))
    assert store.kept("setting") == []


def test_an_agent_sees_the_weights_and_changes_none(app: Flask, store: Store) -> None:
    bob = Browser(app, store).sign_in("bob")
    assert "An admin can change these" in bob.get("/settings/priority").text
    bob.post("/settings/priority", 403, **sent(QUIET))


def test_things_are_muted_listed_with_their_number_and_unmuted(browser: Browser, store: Store) -> None:
    browser.post("/settings/muted", what="author", value="ada", source="hackernews")
    browser.post("/settings/muted", what="word", value=" Lovely ")
    browser.post("/settings/muted", what="source", value="mastodon")
    assert order(browser) == []
    page = text_of(browser.get("/settings/muted").text)
    assert "ada author, Hacker News, 1 mention, admin" in page
    for item in store.kept("mute"):
        browser.post("/settings/muted/remove", key=item.key)
    assert set(order(browser)) == {ANGRY, ANSWERED, PRAISE}


@pytest.mark.parametrize(
    ("what", "value"), [("word", ""), ("word", "…"), ("word", "x" * 201), ("author", "ada")]
)
def test_what_cannot_be_muted_is_said(browser: Browser, what: str, value: str) -> None:
    browser.post("/settings/muted", 400, what=what, value=value)


def muted(browser: Browser, status: int = 303, **form: str) -> str:
    return browser.post("/triage/mute", status, thread=ANGRY, mention=ANGRY, **form).headers.get(
        "Location", ""
    )


@pytest.mark.parametrize(
    ("form", "left"),
    [
        ({"what": "author"}, {ANSWERED, PRAISE}),
        ({"what": "source"}, {ANSWERED, PRAISE}),
        ({"what": "thread"}, {ANSWERED, PRAISE}),
        ({"what": "word", "word": "is  lovely"}, {ANGRY, ANSWERED}),
    ],
)
def test_a_thread_s_page_mutes_four_things_and_each_is_undone(
    browser: Browser, form: dict[str, str], left: set[str]
) -> None:
    place = muted(browser, **form, next=ANSWERED)
    assert place.startswith(f"/threads/{ANSWERED}?")
    assert set(order(browser)) == left
    assert muted(browser, **form)
    page = browser.get(place).text
    assert "Muted" in text_of(page)
    browser.post("/triage/undo", acts=field(page, "acts"))
    assert set(order(browser)) == {ANGRY, ANSWERED, PRAISE}
    browser.post("/triage/undo", acts=field(page, "acts"))
    assert set(order(browser)) == {ANGRY, ANSWERED, PRAISE}


def test_the_last_mute_is_undone_without_naming_it_once(browser: Browser) -> None:
    muted(browser, what="thread")
    browser.post("/triage/undo")
    assert ANGRY in order(browser)
    browser.post("/triage/undo", 404)


def test_an_undo_leaves_alone_what_was_muted_anew(browser: Browser, clock: SetClock, store: Store) -> None:
    muted(browser, what="thread")
    (act,) = [record.id for record in store.audit(limit=1)]
    browser.post("/settings/muted/remove", key=store.kept("mute")[0].key)
    clock.advance(timedelta(minutes=1))
    muted(browser, what="thread")
    browser.post("/triage/undo", acts=str(act))
    assert ANGRY not in order(browser)


def test_a_muted_thread_is_listed_by_its_title_and_let_back_in(browser: Browser, store: Store) -> None:
    muted(browser, what="thread")
    assert "Acme doubled its price" in text_of(browser.get("/settings/muted").text)
    browser.post("/settings/muted/remove", key=store.kept("mute")[0].key)
    assert ANGRY in order(browser)


@pytest.mark.parametrize(
    "form",
    [
        {"what": "word"},
        {"what": "word", "word": "…"},
        {"what": "word", "word": "x" * 201},
        {"what": "moon"},
        {},
    ],
)
def test_what_the_thread_page_cannot_mute_is_said(
    browser: Browser, store: Store, form: dict[str, str]
) -> None:
    muted(browser, 400, **form)
    assert store.kept("mute") == []
