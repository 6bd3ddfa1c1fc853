"""Real Chromium: two agents at one queue, and one who does everything by keys."""

from __future__ import annotations

import time
from typing import Any

import pytest

from core.clock import SystemClock
from core.ports import Store
from core.user import Role, SignInLink, User
from engage.access import new_token, token_hash
from tests.builders import NOW, a_mention, found
from tests.web.test_pages_in_chromium import Page, app, base, chromium, state, store  # noqa: F401 — fixtures
from tests.web.world import ANGRY
from web.sessions import ABSOLUTE

pytestmark = [pytest.mark.chromium, pytest.mark.filterwarnings("ignore::ResourceWarning")]

SIZE = {"width": 1280, "height": 860}


@pytest.fixture
def bob(chromium: Any, base: str, store: Store) -> Page:  # noqa: F811 — the fixtures imported
    """A second agent's browser."""
    now, token = SystemClock().now(), new_token()
    store.save_user(User(name="bob", role=Role.AGENT, created_at=now))
    store.save_sign_in_link(SignInLink(token_hash=token_hash(token), user="bob", expires_at=now + ABSOLUTE))
    page = Page(chromium, base, viewport=SIZE)
    page.open(f"/sign-in/{token}")
    return page


def test_the_second_agent_sees_within_two_seconds_who_has_a_thread(
    chromium: Any, base: str, state: Any, bob: Page  # noqa: F811
) -> None:  # fmt: skip
    ada = Page(chromium, base, storage_state=state, viewport=SIZE)
    ada.open(f"/threads/{ANGRY}")
    bob.open(f"/threads/{ANGRY}")
    began = time.monotonic()
    ada.page.get_by_text("bob is here").wait_for()
    assert time.monotonic() - began < 2
    bob.page.keyboard.press("i")
    began = time.monotonic()
    ada.page.get_by_text("bob is replying").wait_for()
    assert time.monotonic() - began < 2
    bob.open("/threads")
    bob.page.get_by_text("admin is here").wait_for()
    assert ada.faults == bob.faults == []
    ada.context.close()
    bob.context.close()


def test_what_is_new_is_told_beside_the_list_and_moves_nothing(bob: Page, store: Store) -> None:  # noqa: F811
    bob.open("/threads")
    first = bob.page.locator(".row").first
    before = first.bounding_box()
    store.put([found(a_mention(native_id="77", text="Acme lost my data", author="zoe"))], now=NOW)
    store.settle()
    bob.page.get_by_text("1 new", exact=True).wait_for()
    assert first.bounding_box() == before
    bob.page.get_by_text("1 new", exact=True).click()
    bob.page.get_by_text("Acme lost my data").first.wait_for()
    assert bob.faults == []
    bob.context.close()


def test_a_query_is_completed_and_the_palette_used_by_keys(
    chromium: Any, base: str, state: Any  # noqa: F811
) -> None:  # fmt: skip
    seen = Page(chromium, base, storage_state=state, viewport={"width": 1280, "height": 860})
    page = seen.page
    seen.open("/search")
    page.keyboard.press("/")
    page.keyboard.type("sent")
    page.get_by_role("option", name="sentiment:").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_role("option", name="negative").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.get_by_role("combobox", name="Search mentions").input_value() == "sentiment:negative "
    page.keyboard.press("Control+k")
    page.keyboard.type("go watches")
    page.keyboard.press("Enter")
    page.wait_for_url("**/watches")
    page.keyboard.press("Control+k")
    page.keyboard.type("price rise")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=price%20rise")
    assert seen.faults == []
    seen.context.close()
