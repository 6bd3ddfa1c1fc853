"""Real Chromium: the golden path by mouse and by keys, axe on every page, nothing leaves the origin."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from core.clock import SystemClock
from core.ports import Store
from core.settings import Settings
from core.thread import Status
from crawlers.catalog import source_forms
from engage.access import sign_in_link
from store import open_store
from tests.builders import NOW, a_watch
from tests.web.access import pages
from tests.web.serving import served
from tests.web.world import ANGRY, ANSWERED, fill
from web import create_app

pytestmark = [pytest.mark.chromium, pytest.mark.filterwarnings("ignore::ResourceWarning")]

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
#: States of pages beside those that the walk over all routes finds.
STATES = (
    "/threads?view=all&q=acme",
    "/threads?q=churn:maybe",
    "/search?q=acme",
    "/search?q=nosuchword",
    f"/threads/{ANGRY}?mute=1&part=1",
    "/nowhere",
    "/sign-in",
)
#: What axe does not see.
LAYOUT = (Path(__file__).parent / "layout.js").read_text("utf-8").partition("\n")[2]
SIZES = ((320, 700), (390, 844), (768, 1000), (1280, 860))


class Page:
    """A page of Chromium that remembers everything that must not happen."""

    def __init__(self, browser: Any, base: str, **context: object) -> None:
        self.base = base
        self.context = browser.new_context(**context)
        self.context.set_default_timeout(20_000)
        self.page = self.context.new_page()
        self.faults: list[str] = []
        self.page.on(
            "console", lambda m: self.faults.append(m.text) if m.type in ("error", "warning") else None
        )
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("dialog", self._dialog)
        self.page.on("request", self._request)

    def open(self, address: str) -> Any:
        """Go to an address of Earful's."""
        return self.page.goto(self.base + address)

    def _dialog(self, dialog: Any) -> None:
        self.faults.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.base, "data:")):
            self.faults.append(f"request to {request.url}")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path: Path = tmp_path_factory.mktemp("web") / "earful.db"
    store = open_store(f"sqlite:///{path}")
    store.save_watch(a_watch(own_handles=("acme_team",)), actor="earful", now=NOW)
    fill(store)
    yield store
    store.close()


@pytest.fixture(scope="module")
def app(store: Store) -> Flask:
    return create_app(store, Settings(), clock=SystemClock(), sources=source_forms)


@pytest.fixture(scope="module")
def base(app: Flask) -> Iterator[str]:
    with served(app) as address:
        yield address


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only where the marker lets it run

    path = os.environ.get("EARFUL_CHROMIUM", "/usr/bin/chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def state(chromium: Any, base: str, store: Store) -> Any:
    """The cookies of somebody signed in."""
    context = chromium.new_context()
    context.new_page().goto(f"{base}/sign-in/{sign_in_link(store, now=SystemClock().now())}")
    kept = context.storage_state()
    context.close()
    return kept


def test_the_golden_path_by_mouse(chromium: Any, base: str, store: Store) -> None:
    seen = Page(chromium, base, viewport={"width": 1280, "height": 860})
    page = seen.page
    seen.open(f"/sign-in/{sign_in_link(store, now=SystemClock().now())}")
    assert page.url == f"{base}/threads"
    page.get_by_role("link", name="Acme doubled its price").click()
    page.get_by_role("button", name="Assign to me").click()
    page.locator("#toast", has_text="Assigned to admin").wait_for()
    page.get_by_label("Note for colleagues").fill("Offer them the old price")
    page.get_by_role("button", name="Add note").click()
    page.locator(".note", has_text="Offer them the old price").wait_for()
    page.get_by_role("button", name="Resolve").click()
    page.locator("#toast", has_text="Resolved").wait_for()
    assert store.thread(ANGRY).triage.status is Status.RESOLVED
    page.locator("#toast").get_by_role("button", name="Undo").click()
    page.locator("#toast", has_text="Undone").wait_for()
    assert store.thread(ANGRY).triage.status is Status.OPEN
    page.get_by_role("link", name="Search").first.click()
    page.get_by_label("Search mentions").last.fill("price churn:yes")
    page.get_by_role("button", name="Search", exact=True).click()
    page.locator("mark.mark-hit").first.wait_for()
    page.get_by_role("link", name="Watches").first.click()
    page.get_by_role("link", name="Acme").click()
    page.get_by_label("Also called").fill("acme.io")
    page.get_by_role("button", name="Save watch").click()
    page.get_by_text("Saved.").wait_for()
    assert store.watch("acme").product.aliases == ("acme.io",)
    assert seen.faults == []
    seen.context.close()


def test_a_thread_is_resolved_and_undone_by_keys_alone(
    chromium: Any, base: str, store: Store, state: Any
) -> None:
    seen = Page(chromium, base, storage_state=state)
    page = seen.page
    seen.open("/threads")
    for key in ("j", "Enter"):
        page.keyboard.press(key)
    page.wait_for_url("**/threads/*")
    thread_id = page.locator("#act input[name=on]").input_value().partition("|")[2]
    page.keyboard.press("e")
    page.locator("#toast", has_text="Resolved").wait_for()
    assert store.thread(thread_id).triage.status is Status.RESOLVED
    page.reload()
    page.keyboard.press("z")
    page.locator("#toast", has_text="Undone").wait_for()
    assert store.thread(thread_id).triage.status is Status.OPEN
    page.keyboard.press("i")
    page.keyboard.type("je xz/?")
    assert page.get_by_label("Note for colleagues").input_value() == "je xz/?"
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.get_by_role("heading", name="Keys").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("w")
    page.wait_for_url("**/watches")
    assert seen.faults == []
    seen.context.close()


def test_rows_are_selected_and_acted_on_by_keys(chromium: Any, base: str, store: Store, state: Any) -> None:
    seen = Page(chromium, base, storage_state=state)
    page = seen.page
    seen.open("/threads?view=all&sort=waiting")
    for key in ("j", "x", "j", "x"):
        page.keyboard.press(key)
    assert page.locator("[data-count]").inner_text() == "2 selected"
    page.locator(".bulk").get_by_role("button", name="Ignore").click()
    page.locator("#toast", has_text="Ignored: 2 threads").wait_for()
    page.keyboard.press("z")
    page.locator("#toast", has_text="Undone").wait_for()
    assert store.thread(ANSWERED).triage.status is Status.OPEN
    assert seen.faults == []
    seen.context.close()


def test_single_keys_can_be_turned_off(chromium: Any, base: str, state: Any) -> None:
    seen = Page(chromium, base, storage_state=state)
    seen.open("/settings")
    seen.page.get_by_label("Single letters are shortcuts").uncheck()
    seen.page.get_by_role("button", name="Save").click()
    seen.page.get_by_text("Saved.").wait_for()
    seen.page.keyboard.press("?")
    assert not seen.page.locator("dialog[open]").count()
    seen.context.close()


def test_everything_works_without_script(chromium: Any, base: str, store: Store, state: Any) -> None:
    seen = Page(chromium, base, storage_state=state, java_script_enabled=False)
    page = seen.page
    seen.open(f"/threads/{ANSWERED}")
    page.get_by_role("button", name="Resolve").click()
    page.locator("#toast").get_by_role("button", name="Undo").click()
    page.locator("#toast", has_text="Undone").wait_for()
    assert store.thread(ANSWERED).triage.status is Status.OPEN
    seen.context.close()


@pytest.fixture(
    params=itertools.product(SIZES, ("light", "dark")), ids=lambda look: f"{look[0][0]}-{look[1]}"
)
def look(request: pytest.FixtureRequest) -> tuple[tuple[int, int], str]:
    """A size of the window and a theme."""
    found: tuple[tuple[int, int], str] = request.param
    return found


def test_every_page_is_accessible_and_fits(
    chromium: Any, app: Flask, base: str, state: Any, look: tuple[tuple[int, int], str]
) -> None:
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415

    size, theme = look
    seen = Page(
        chromium,
        base,
        storage_state=state,
        color_scheme=theme,
        reduced_motion="reduce",
        viewport={"width": size[0], "height": size[1]},
        has_touch=size[0] < 700,
    )
    wrong = []
    for name in (*pages(app), *STATES):
        seen.open(name)
        found_by_axe = Axe().run(seen.page).response["violations"]
        wrong += [f"{name}: {v['id']} {v['nodes'][0]['html'][:120]}" for v in found_by_axe
                  if v["impact"] in ("serious", "critical")]  # fmt: skip
        wrong += [f"{name}: {fault}" for fault in seen.page.evaluate(LAYOUT)]
    assert not wrong, "\n".join(wrong)
    assert [fault for fault in seen.faults if "404" not in fault] == []
    seen.context.close()
