"""What is promised, on its page and in the queue."""

from __future__ import annotations

import pytest

from core.ports import Store
from tests.web.browser import Browser, text_of

pytestmark = pytest.mark.usefixtures("world")

WORDS = {"on": "yes", "urgent": "4", "important": "8", "other": "240", "give_back": "8", "opens": "09:00",
         "closes": "17:00", "zone": "Europe/Prague", "version": "0"}  # fmt: skip


def test_the_queue_tells_what_is_late_only_where_something_is_promised(browser: Browser) -> None:
    assert "Late" not in text_of(browser.get("/threads").text)
    browser.post("/settings/promises", **WORDS, days=["0", "1", "2", "3", "4", "5", "6"])
    page = browser.get("/threads").text
    assert 'class="fact promise-late"' in page
    assert "Due in" in text_of(page) or "Late" in text_of(page)
    assert 'value="Europe/Prague"' in browser.get("/settings/promises").text


def test_the_week_begins_with_monday_whatever_the_language(browser: Browser) -> None:
    page = text_of(browser.get("/settings/promises", Accept_Language="en-US").text)
    assert "Monday Tuesday Wednesday Thursday Friday Saturday Sunday" in page


@pytest.mark.parametrize(
    "wrong", [{"urgent": "x"}, {"urgent": "0"}, {"zone": "Nowhere"}, {"opens": "18:00"}, {"days": []}]
)
def test_a_promise_that_cannot_be_kept_is_refused(
    browser: Browser, store: Store, wrong: dict[str, str | list[str]]
) -> None:
    sent: dict[str, str | list[str]] = {**WORDS, "days": ["0"], **wrong}
    browser.post("/settings/promises", 400, json=False, **sent)  # type: ignore[arg-type]
    assert store.kept("setting") == []
