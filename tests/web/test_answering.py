"""Answers: macros, copy and open, waiting, the reply recognised, and whether it helped."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.ports import Store
from core.thread import Status
from engage.macros import filled
from tests.builders import NOW, a_mention, found, some_labels
from tests.web.browser import Browser, text_of
from tests.web.world import ANGRY, label

pytestmark = pytest.mark.usefixtures("world")

HOUR = timedelta(hours=1)


def answer(browser: Browser, text: str = "We are sorry, the old price stays for you.") -> None:
    browser.post("/triage/answer", on=f"0|{ANGRY}", text=text, answer_id="one")


def ours(store: Store, text: str) -> None:
    mention = a_mention(native_id="50", thread_id=ANGRY, parent_id=ANGRY, text=text, author="acme_team",
                        published_at=NOW + HOUR)  # fmt: skip
    store.put([found(mention, own=True)], now=NOW + HOUR)
    store.settle()


def test_an_answer_waits_for_them_and_is_shown_until_it_is_seen(browser: Browser, store: Store) -> None:
    answer(browser)
    assert store.thread(ANGRY).triage.status is Status.WAITING
    page = text_of(browser.get(f"/threads/{ANGRY}").text)
    assert "Not seen on Hacker News yet" in page
    assert "We are sorry, the old price stays for you." in page
    ours(store, "We're very sorry: the old price stays for you!")
    assert "Not seen on" not in text_of(browser.get(f"/threads/{ANGRY}").text)


def test_another_post_of_ours_is_not_taken_for_the_answer(browser: Browser, store: Store) -> None:
    answer(browser)
    ours(store, "Release 4.2 is out.")
    assert "Not seen on" in text_of(browser.get(f"/threads/{ANGRY}").text)


def test_their_answer_opens_the_thread_again_and_tells_whether_it_helped(
    browser: Browser, store: Store
) -> None:
    answer(browser)
    ours(store, "We are sorry, the old price stays for you.")
    assert store.thread(ANGRY).triage.status is Status.WAITING
    thanks = a_mention(native_id="51", thread_id=ANGRY, parent_id=ANGRY, text="Thanks Acme, I stay!",
                       author="ada", published_at=NOW + 2 * HOUR)  # fmt: skip
    store.put([found(thanks)], now=NOW + 2 * HOUR)
    label(store, thanks.id, some_labels(negative=0.02, positive=0.9, churn=0.02))
    assert store.thread(ANGRY).triage.status is Status.OPEN
    page = text_of(browser.get(f"/threads/{ANGRY}").text)
    assert "ada was negative before our answer and is positive after it. It helped." in page


def test_an_answer_can_be_undone_and_sent_twice_is_sent_once(browser: Browser, store: Store) -> None:
    answer(browser)
    answer(browser)
    assert len(store.thread(ANGRY).notes) == 1
    browser.post("/triage/undo")
    assert store.thread(ANGRY).triage.status is Status.OPEN


@pytest.mark.parametrize("text", ["", "  ", "x" * 5001])
def test_an_empty_answer_is_refused(browser: Browser, store: Store, text: str) -> None:
    page = browser.post("/triage/answer", 400, on=f"0|{ANGRY}", text=text)
    assert "1 to 5,000 characters" in page.text
    assert store.thread(ANGRY).notes == ()


def test_a_late_answer_meets_what_a_colleague_did(browser: Browser, store: Store) -> None:
    browser.post("/triage/assign", on=f"0|{ANGRY}")
    page = browser.post("/triage/answer", 409, on=f"0|{ANGRY}", text="Too late")
    assert "Somebody was faster" in page.text
    assert "Too late</textarea>" in page.text
    assert store.thread(ANGRY).notes == ()


def test_macros_are_written_filled_changed_and_removed(browser: Browser) -> None:
    browser.post("/settings/macros", key="m", title="Price", text="Hi {name}, {product} stays. {me}")
    page = browser.get(f"/threads/{ANGRY}?macro=m").text
    assert "Hi ada, Acme stays. admin</textarea>" in page
    browser.post("/settings/macros", key="m", title="Price 2", text="Hello", version="1")
    assert "Somebody saved this macro first" in browser.post(
        "/settings/macros", 409, key="m", title="Mine", text="Bye", version="1"
    ).text  # fmt: skip
    assert "Price 2" in browser.get("/settings/macros").text
    browser.post("/settings/macros/remove", key="m")
    assert "Price 2" not in browser.get("/settings/macros").text


def test_a_macro_with_an_unknown_place_is_refused_with_what_there_is(browser: Browser) -> None:
    page = browser.post("/settings/macros", 400, title="T", text="Hi {nam}")
    assert "there is no {nam}; there are {name}" in text_of(page.text)
    assert "Hi {nam}</textarea>" in page.text


def test_what_a_value_holds_is_no_place() -> None:
    assert filled("{name} {me} {x}", {"name": "{me}", "me": "bob"}) == "{me} bob {x}"
