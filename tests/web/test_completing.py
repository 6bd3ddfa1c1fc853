"""How a query can go on."""

from __future__ import annotations

import pytest

from tests.web.browser import Browser
from web.completing import complete


def labels(written: str, *values: str) -> list[str]:
    return [each.label for each in complete(written, lambda _: values)]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("se", ["sentiment:"]),
        ("slow -la", ["lang:", "last:"]),
        ("sentiment:", ["negative", "neutral", "positive"]),
        ("sentiment:neg", ["negative"]),
        ("is:open,wa", ["waiting"]),
        ("last:", ["24h", "7d", "30d"]),
        ("source:m", ["mastodon"]),
        ("source:", ["mastodon", "hackernews"]),
        ("", []),
        ("slow ", []),
        ("zzz", []),
        ("nofield:x", []),
        ('"say se', []),
    ],
)
def test_what_can_follow(written: str, expected: list[str]) -> None:
    assert labels(written, *(("mastodon", "hackernews") if "source" in written else ())) == expected


def test_a_choice_replaces_only_what_was_typed() -> None:
    (only,) = complete("slow -tag:a,new y", lambda _: ["new york"]) or complete(
        "slow -tag:a,new", lambda _: ["new york"]
    )
    assert (only.start, only.text) == (12, '"new york" ')


@pytest.mark.usefixtures("world")
def test_values_come_from_what_is_stored(browser: Browser) -> None:
    def ask(q: str) -> list[str]:
        answer = browser.get(f"/complete.json?q={q}").get_json()
        return [each["label"] for each in answer["suggestions"]]

    assert ask("source:h") == ["hackernews"]
    assert ask("author:do") == ["dora"]
    assert ask("assignee:b") == ["bob"]
    assert ask("watch:") == ["acme"]
    assert ask("tag:") == []
