"""Two people at one queue: who is where, batches, and what is new."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from core.clock import SetClock
from core.ports import Store
from tests.builders import NOW, a_mention, found
from tests.web.browser import Browser, text_of
from tests.web.world import ANGRY, ANSWERED, PRAISE

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture
def bob(app: Flask, store: Store) -> Browser:
    return Browser(app, store).sign_in("bob")


def test_the_second_agent_sees_who_looks_and_who_replies(
    browser: Browser, bob: Browser, clock: SetClock
) -> None:
    assert browser.post("/presence/thread", 200, thread=ANGRY, doing="viewing").get_json() == {
        "held": [],
        "replies": {},
    }
    assert bob.post("/presence/thread", 200, thread=ANGRY, doing="viewing").get_json() == {
        "held": ["admin is here"],
        "replies": {},
    }
    browser.post("/presence/thread", 200, thread=ANGRY, doing="replying")
    assert "admin is replying" in bob.get(f"/threads/{ANGRY}").text
    assert "admin is replying" in text_of(bob.get("/threads").text)
    browser.post("/presence/thread", 200, thread=ANGRY, doing="viewing")
    assert bob.get("/presence/queue.json").get_json()["held"] == {ANGRY: "admin is here"}
    browser.post("/presence/thread", 200, thread=ANGRY, doing="left")
    assert "admin is" not in text_of(bob.get("/threads").text)
    browser.post("/presence/thread", 200, thread=ANGRY, doing="viewing")
    clock.advance(timedelta(seconds=21))
    assert bob.get("/presence/queue.json").get_json()["held"] == {}


def test_a_batch_is_one_persons_for_five_minutes(browser: Browser, bob: Browser, clock: SetClock) -> None:
    page = browser.follow(browser.post("/presence/check-out", from_="q=cancel"))
    assert "My batch 1" in text_of(page)
    assert [t["id"] for t in browser.get("/threads.json?view=batch").get_json()["threads"]] == [ANGRY]
    theirs = bob.get("/threads")
    assert "admin has it until 12:05 UTC" in text_of(theirs.text)
    assert "My batch" not in theirs.text
    bob.follow(bob.post("/presence/check-out", from_=""))
    ids = {thread["id"] for thread in bob.get("/threads.json?view=batch").get_json()["threads"]}
    assert ids == {ANSWERED, PRAISE}
    browser.post("/presence/give-back")
    assert "My batch" not in browser.get("/threads").text
    clock.advance(timedelta(minutes=5))
    assert "My batch" not in bob.get("/threads").text


def test_next_leads_to_nothing_that_a_colleague_has(browser: Browser, bob: Browser) -> None:
    browser.post("/presence/check-out", from_="q=cancel")
    assert f'class="button primary" href="/threads/{ANGRY}' not in bob.get("/threads").text
    page = bob.get(f"/threads/{ANSWERED}").text
    assert f'rel="prev" href="/threads/{ANGRY}' not in page


def test_nothing_free_is_said(browser: Browser, bob: Browser) -> None:
    browser.post("/presence/check-out", from_="")
    assert "Nothing here is free" in bob.post("/presence/check-out", 409, from_="").text


def test_a_viewer_is_seen_and_takes_nothing(app: Flask, store: Store) -> None:
    vera = Browser(app, store).sign_in("vera")
    vera.post("/presence/thread", 200, thread=ANGRY, doing="viewing")
    vera.post("/presence/check-out", 403, from_="")
    assert "Take 25" not in vera.get("/threads").text


def test_what_arrives_is_told_without_a_reload(browser: Browser, store: Store) -> None:
    page = browser.get("/threads").text
    assert 'data-known="' in page
    store.put([found(a_mention(native_id="99", text="Acme is down again"))], now=NOW)
    store.settle()
    news = browser.get("/presence/queue.json").get_json()
    assert set(news["ids"]) - {ANGRY, ANSWERED, PRAISE} == {"hackernews:99"}
    assert news["total"] == 4
