"""The whole way in a real browser: import, match, see the risk, play, save, ledger; found, asked, quoted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, sync_playwright

from core.ports import Store
from engage.matching import suggest_for_all
from tests.builders import NOW
from tests.customers.saying import LEAVES, PRAISE, RECOMMENDS, say
from tests.web.browser import Browser
from tests.web.serving import served

pytestmark = pytest.mark.chromium
TABLE = "key,name,domain,value,renewal\numbrella,Umbrella,umbrella.example,48000,2026-03-22\n"


@pytest.fixture
def page(app: Flask, store: Store) -> Iterator[Page]:
    """A page of somebody who is signed in, in a world of two people."""
    say(store, "bill@umbrella.example", LEAVES, days=2, source="mastodon", text="We leave Acme for Globex.")
    for days in (200, 120, 20):
        say(store, "grace", PRAISE, days=days, text="Acme just works.")
    say(store, "grace", RECOMMENDS, days=3, text="Take Acme.")
    say(store, "grace", RECOMMENDS, days=2, text="Really, take Acme.")
    with served(app) as base, sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        tab = chromium.new_page(base_url=base)
        tab.set_default_timeout(30_000)
        tab.goto(Browser(app, store).link("admin"))
        if tab.get_by_role("button", name="Sign in").count():
            tab.get_by_role("button", name="Sign in").click()
        yield tab
        chromium.close()


def test_from_the_import_to_the_save_and_from_an_advocate_to_the_quote(
    page: Page, store: Store, tmp_path: Path
) -> None:
    table = tmp_path / "accounts.csv"
    table.write_text(TABLE)
    page.goto("/accounts-import")
    page.set_input_files("#file", str(table))
    page.get_by_role("button", name="Look at it first").click()
    page.get_by_role("button", name="Store").click()
    store.settle()
    suggest_for_all(store, now=NOW)
    page.goto("/matches")
    page.get_by_role("button", name="Yes").click()
    page.goto("/renewals")
    assert "We leave Acme for Globex." in page.inner_text("main")
    assert "Somebody talks about leaving." in page.inner_text("main")
    page.get_by_role("link", name="Start a play").click()
    page.fill("#title", "Show what they get")
    page.get_by_role("button", name="Start", exact=True).click()
    page.get_by_text("It ended").click()
    page.get_by_label("How sure").select_option("confirmed")
    page.get_by_label("Proof").fill("the signed contract")
    page.get_by_role("button", name="Put into the ledger").click()
    assert "Saved: 1, 48,000 a year" in page.inner_text("main")
    page.goto("/plays/effort")
    assert "48,000" in page.inner_text("main")

    page.goto("/people?stage=advocate")
    page.get_by_role("link", name="grace").click()
    page.get_by_role("button", name="Into the reference programme").click()
    page.get_by_label("Ask for").fill("A reference call")
    page.get_by_role("button", name="Asked").click()
    page.get_by_label("Answer").select_option("yes")
    page.locator("form", has=page.get_by_label("Answer")).get_by_role("button", name="Save").click()
    assert "Accepted" in page.inner_text(".thread-head")
    page.get_by_text("Good words to choose from").click()
    page.get_by_role("button", name="Ask to quote this").first.click()
    page.get_by_label("Permission").select_option("granted")
    page.locator("form", has=page.get_by_label("Permission")).get_by_role("button", name="Save").click()
    assert page.get_by_label("Permission").input_value() == "granted"
