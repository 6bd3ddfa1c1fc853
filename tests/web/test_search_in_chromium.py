"""Real Chromium: the chart by dragging, and the same without a drag."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.test_pages_in_chromium import Page, app, base, chromium, state, store  # noqa: F401 — fixtures

pytestmark = [pytest.mark.chromium, pytest.mark.filterwarnings("ignore::ResourceWarning")]

SIZE = {"width": 1280, "height": 860}


def test_a_stretch_of_the_chart_is_dragged_over_and_taken_back(
    chromium: Any, base: str, state: Any  # noqa: F811 — the fixtures imported
) -> None:  # fmt: skip
    seen = Page(chromium, base, storage_state=state, viewport=SIZE)
    page = seen.page
    seen.open("/search?q=acme")
    box = page.locator("[data-brush]").bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.9, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 2, middle, steps=5)
    assert float(page.locator(".brush").get_attribute("width") or 0) > 50
    page.mouse.up()
    page.wait_for_url("**after:**")
    assert page.locator(".pill", has_text="after:").count() == 1
    page.go_back()
    page.wait_for_url(lambda url: url.endswith("q=acme"))
    page.go_forward()
    page.locator("[data-brush]").dblclick()
    page.wait_for_url(lambda url: "after" not in url)
    assert seen.faults == []
    seen.context.close()


def test_days_are_chosen_by_keys_and_a_bar_is_a_link(
    chromium: Any, base: str, state: Any  # noqa: F811
) -> None:  # fmt: skip
    seen = Page(chromium, base, storage_state=state, viewport=SIZE)
    page = seen.page
    seen.open("/search?q=acme")
    page.get_by_role("textbox", name="From").fill("2026-02-20")
    page.get_by_label("to", exact=True).fill("2026-03-02")
    page.keyboard.press("Enter")
    page.wait_for_url("**after**")
    bar = page.locator("[data-brush] a:not([tabindex])").first
    bar.focus()
    page.keyboard.press("Enter")
    page.locator(".pill", has_text="after:2026-03-01T").wait_for()
    page.get_by_role("link", name="All time").click()
    page.wait_for_url(lambda url: "after" not in url)
    assert seen.faults == []
    seen.context.close()
