"""One author's threads and near-copies stand as one row that acts on all."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest

from core.ports import Store
from core.thread import Status
from tests.builders import NOW, a_mention, found
from tests.web.browser import Browser, text_of

pytestmark = pytest.mark.usefixtures("world")

COPY = (
    "Acme support told me today that my account and every export in it was deleted by mistake. They say "
    "that nothing can be brought back, that the backup of last week is gone as well, and that a refund takes "
    "forty working days. I have paid for three years and now I look for another tool that keeps its promises"
)


def test_one_authors_threads_are_one_row_that_acts_on_all(browser: Browser, store: Store) -> None:
    texts = ("Acme export hangs", "Where is the Acme invoice?", "Acme search finds nothing")
    mentions = [a_mention(native_id=f"b{n}", text=text, author="moss") for n, text in enumerate(texts)]
    store.put([found(one) for one in mentions], now=NOW)
    store.settle()
    page = browser.get("/threads?q=author:moss").text
    assert page.count("data-row>") == 1
    assert "2 more by moss" in text_of(page)
    assert "Resolve 3" in text_of(page)
    done = browser.follow(browser.post("/triage/resolve", on=[f"0|hackernews:b{n}" for n in range(3)]))
    assert "Resolved: 3 threads" in text_of(done)
    browser.post("/triage/undo", acts=",".join(str(r.id) for r in store.audit(limit=3)))
    assert store.thread("hackernews:b1").triage.status is Status.OPEN


def test_near_copies_of_several_people_are_one_row(browser: Browser, store: Store) -> None:
    for n, who in enumerate(("ann", "ben", "cat")):
        at = NOW + timedelta(minutes=n)
        copy = a_mention(native_id=f"c{n}", text=f"{COPY}, {who}", author=who, published_at=at)
        store.put([found(copy)], now=at)
    store.settle()
    page = browser.get("/threads?q=refund").text
    assert "2 more that say nearly the same" in text_of(page)
    assert page.count("data-with=") == 2


def test_a_pinned_thread_stands_for_itself(browser: Browser, store: Store) -> None:
    mentions = [a_mention(native_id=f"p{n}", text=f"Acme {n}", author="moss") for n in range(2)]
    store.put([found(one) for one in mentions], now=NOW)
    browser.post("/triage/pin", on="0|hackernews:p1", pinned="yes")
    assert "more by moss" not in text_of(browser.get("/threads?q=author:moss").text)


def test_what_an_author_has_on_other_pages_is_told_with_a_link_there(browser: Browser, store: Store) -> None:
    mine = [
        a_mention(native_id=f"b{n}", text=f"Acme {n}", author="moss", published_at=NOW - timedelta(hours=n))
        for n in range(40)
    ]
    alike = a_mention(native_id="other", source="mastodon", text="Acme", author="moss", published_at=NOW)
    store.put([found(one) for one in (*mine, alike)], now=NOW)
    store.settle()
    page = browser.get("/threads?sort=new").text
    ((link, below),) = re.findall(r'bundle-rest"><a href="([^"]+)">.*?(\d+) more threads further', page)
    (beside,) = re.findall(r"(\d+) more by moss", text_of(page))
    assert 1 + int(beside) + int(below) == 40
    assert int(below) > 10
    assert "40 threads" in text_of(browser.get(unescape(link)).text)
    following = re.search(r'rel="next" href="([^"]+)"', page)
    assert following
    rest = text_of(browser.get(unescape(following[1])).text)
    assert f"{int(below) - 1} more by moss" in rest
    assert f"{int(beside) + 1} more threads elsewhere in this view" in rest
