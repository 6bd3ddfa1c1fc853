"""Why and for how long things are kept: told on a page, obeyed by the scheduler."""

from __future__ import annotations

import pytest

from core.ports import Store
from engage.retention import days_kept, people_days_kept
from tests.web.browser import Browser

NOTES = {
    "mentions": "Legitimate interest <b>",
    "people": "",
    "accounts": "Contract",
    "audit": "",
    "version": "0",
}


def test_the_notes_and_the_days_are_kept_and_the_days_count_for_the_scheduler(
    browser: Browser, store: Store
) -> None:
    assert days_kept(store, 30) == 30
    browser.post("/settings/privacy", **NOTES, days="400")
    page = browser.get("/settings/privacy").text
    assert "Legitimate interest &lt;b&gt;" in page
    assert 'value="400"' in page
    assert days_kept(store, 30) == 400
    browser.post("/settings/privacy", **(NOTES | {"version": "1"}), days="0")
    assert days_kept(store, 30) == 0
    browser.post("/settings/privacy", **(NOTES | {"version": "2"}), days=" ")
    assert days_kept(store, 30) == 30
    assert [record.action for record in store.audit(target="setting:privacy")] == ["setting.save"] * 3


def test_people_and_the_audit_have_days_of_their_own(browser: Browser, store: Store) -> None:
    assert people_days_kept(store, 30) == 30
    browser.post("/settings/privacy", **NOTES, days="400", people_days="90", audit_days="7")
    assert 'name="people_days" value="90"' in browser.get("/settings/privacy").text
    assert (days_kept(store, 30), people_days_kept(store, 30)) == (400, 90)


WRONG = (
    {"people_days": "x"}, {"audit_days": "99999"}, {"days": "-1"}, {"days": "1.5"}, {"days": "36501"},
    {"mentions": "x" * 2001},
)  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_what_cannot_be_kept_is_refused_in_plain_words(
    browser: Browser, store: Store, wrong: dict[str, str]
) -> None:
    told = browser.post("/settings/privacy", 400, json=False, **(NOTES | {"days": "1"} | wrong)).text
    assert "write 0 to 36500 days" in told or "at most 2000 characters" in told
    assert store.kept("setting") == []


def test_a_stale_page_does_not_overwrite_what_somebody_else_saved(browser: Browser, store: Store) -> None:
    browser.post("/settings/privacy", **NOTES, days="400")
    browser.post("/settings/privacy", 409, json=False, **NOTES, days="1")
    assert days_kept(store, 30) == 400
