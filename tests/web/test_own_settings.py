"""What a person chose for themselves goes with them: their language and their time zone."""

from __future__ import annotations

import pytest
from flask import Flask

from core.clock import iso
from core.ports import Store
from core.thread import Status
from tests.builders import NOW
from tests.web.browser import Browser, text_of
from tests.web.world import ANGRY

pytestmark = pytest.mark.usefixtures("world")


def tell(browser: Browser, zone: str) -> None:
    """Let a browser's script say where its clock stands."""
    browser.client.set_cookie("earful_zone", zone)


def saved(browser: Browser, status: int = 303, **chosen: str) -> str:
    return browser.post("/settings", status, theme="dark", keys="on", **chosen).text


def when(browser: Browser) -> str:
    page = browser.get(f"/threads/{ANGRY}").text
    return page.split('<time datetime="', 1)[1].split('title="', 1)[1].split('"', 1)[0]


def test_times_are_those_of_the_browser_and_exact_ones_stay_in_utc(browser: Browser, store: Store) -> None:
    before = when(browser)
    assert before.endswith(" UTC")
    tell(browser, "Asia/Tokyo")
    assert when(browser).endswith(" JST")
    assert when(browser) != before
    posted = iso(store.mention(ANGRY).mention.published_at)
    assert f'<time datetime="{posted}"' in browser.get(f"/threads/{ANGRY}").text


def test_a_zone_chosen_goes_before_the_browser_s_in_every_browser(
    app: Flask, store: Store, browser: Browser
) -> None:
    tell(browser, "Asia/Tokyo")
    saved(browser, zone="America/New_York")
    assert when(browser).endswith((" EST", " EDT"))
    other = Browser(app, store).sign_in("admin")
    assert when(other) == when(browser)
    assert when(Browser(app, store).sign_in("bob")).endswith(" UTC")
    saved(browser, zone="")
    assert when(browser).endswith(" JST")


@pytest.mark.parametrize("wrong", ["Mars/Olympus", "../../etc/passwd", "UTC\x00", "a" * 300, "Europe/", "💥"])
def test_a_zone_that_is_none_is_told_and_nothing_is_kept(browser: Browser, store: Store, wrong: str) -> None:
    page = saved(browser, 400, zone=wrong, language="en_US")
    assert "there is no time zone" in text_of(page)
    assert store.kept("preference") == []
    tell(browser, wrong.replace("\x00", ""))
    assert when(browser).endswith(" UTC")


def test_a_snooze_until_tomorrow_ends_in_the_reader_s_morning(browser: Browser, store: Store) -> None:
    saved(browser, zone="Asia/Tokyo")
    version = store.thread(ANGRY).triage.version
    browser.post("/triage/snooze", on=f"{version}|{ANGRY}", until="tomorrow")
    triage = store.thread(ANGRY).triage
    assert triage.status is Status.SNOOZED
    assert triage.snoozed_until is not None
    assert triage.snoozed_until.hour == 23
    assert triage.snoozed_until > NOW


def test_days_of_the_search_are_the_reader_s(browser: Browser) -> None:
    saved(browser, zone="Asia/Tokyo")
    to = browser.get("/search?from=2026-03-01&to=2026-03-01", 303).headers["Location"]
    assert "2026-02-28T15:00" in to.replace("%3A", ":")
    assert "2026-03-01T15:00" in to.replace("%3A", ":")
    page = text_of(browser.get("/search?q=acme").text)
    assert "UTC+09:00" in page


def test_a_language_chosen_goes_with_the_user(app: Flask, store: Store, browser: Browser) -> None:
    saved(browser, language="en_US")
    other = Browser(app, store).sign_in("admin")
    assert '<html lang="en-US"' in other.get("/settings").text
    # Somebody else in the same browser, whose cookie still speaks of the first, has their own.
    bob = Browser(app, store).sign_in("bob")
    saved(bob, language="")
    bob.client.set_cookie("earful_language", "en_US")
    assert '<html lang="en-GB"' in bob.get("/settings").text
