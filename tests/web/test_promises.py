"""What is promised, on its page and in the queue."""

from __future__ import annotations

import pytest

from core.customers import Account, Contract, Handle, Person, person_key
from core.ports import Store
from engage.customers import account_item, person_item
from tests.builders import NOW
from tests.web.browser import Browser, text_of
from tests.web.world import ANGRY, PRAISE

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


def test_a_tier_of_a_known_customer_has_its_own_clock(browser: Browser, store: Store) -> None:
    account = Account(key="initech", contract=Contract(name="Initech", tier="Gold", value=9_000.0))
    handle = Handle(source="hackernews", name="ada")
    known = store.kept_one("person", person_key("hackernews", "ada"))
    person = Person(key=person_key("hackernews", "ada"), handles=(handle,), account="initech")
    told = (account_item(account, version=0, by="admin", now=NOW),
            person_item(person, version=known.version if known else 0, by="admin", now=NOW))  # fmt: skip
    assert len(store.keep_all(told)) == 2
    slow = {**WORDS, "urgent": "240", "important": "240"}
    browser.post("/settings/promises", **slow, days=["0", "1", "2", "3", "4", "5", "6"])
    assert late(browser) == {PRAISE}
    lines: dict[str, str | list[str]] = {"tier": ["gold", ""], "tier_urgent": ["1", ""],
                                         "tier_important": ["1,5", ""], "tier_other": ["2", ""]}  # fmt: skip
    sent: dict[str, str | list[str]] = {**slow, "version": "1", "days": list("0123456"), **lines}
    browser.post("/settings/promises", json=False, **sent)  # type: ignore[arg-type]
    assert late(browser) == {ANGRY, PRAISE}
    assert '<bdi class="tier-name">gold</bdi>' in browser.get("/threads?q=author:ada").text
    assert "tier-name" not in browser.get("/threads?q=author:eve").text
    page = browser.get("/settings/promises").text
    assert 'name="tier" value="gold"' in page
    assert 'name="tier_important" value="1.5"' in page


def late(browser: Browser) -> set[str]:
    """Return the threads that the queue marks as late."""
    rows = [
        row for row in browser.get("/threads?view=all").text.split("data-row")[1:] if "promise-late" in row
    ]
    return {one for one in (ANGRY, PRAISE) if any(f'|{one}"' in row for row in rows)}


def test_the_week_begins_with_monday_whatever_the_language(browser: Browser) -> None:
    page = text_of(browser.get("/settings/promises", Accept_Language="en-US").text)
    assert "Monday Tuesday Wednesday Thursday Friday Saturday Sunday" in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"urgent": "x"},
        {"urgent": "0"},
        {"zone": "Nowhere"},
        {"opens": "18:00"},
        {"days": []},
        {"tier": "gold", "tier_urgent": "", "tier_important": "", "tier_other": ""},
        {"tier": "", "tier_urgent": "1", "tier_important": "", "tier_other": ""},
        {"tier": "gold"},
    ],
)
def test_a_promise_that_cannot_be_kept_is_refused(
    browser: Browser, store: Store, wrong: dict[str, str | list[str]]
) -> None:
    sent: dict[str, str | list[str]] = {**WORDS, "days": ["0"], **wrong}
    browser.post("/settings/promises", 400, json=False, **sent)  # type: ignore[arg-type]
    assert store.kept("setting") == []
