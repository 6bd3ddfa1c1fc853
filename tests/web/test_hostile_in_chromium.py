"""Real Chromium: payloads wherever a stranger's text can come, on every page, export and feed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask

from core.mention import Author
from core.ports import Store
from core.source import SourceState, SourceStatus
from core.thread import Note, Triage
from engage.saved_searches import SavedSearch, save_search
from store import open_store
from tests.builders import NOW, a_mention, a_watch, found
from tests.web.access import pages
from tests.web.payloads import PAYLOADS
from tests.web.test_pages_in_chromium import Page, app, base, chromium, state  # noqa: F401 — fixtures
from tests.web.world import fill

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.timeout(900),
]

#: Each payload stands in the lists of queue and search; every so many-th is also opened by itself.
STEP = int(os.environ.get("EARFUL_PAYLOAD_STEP", "12"))
#: Answers that Chromium shows instead of saving.
SHOWN = ("/search.atom", "/search.feed.json", "/search.json", "/threads.json?view=all&limit=500")
SAVED = ("/search.csv", "/search.jsonl", "/threads.csv?view=all", "/settings/audit.csv")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A world in which everybody and everything is named by a payload."""
    path: Path = tmp_path_factory.mktemp("hostile") / "earful.db"
    store = open_store(f"sqlite:///{path}")
    watch = a_watch(own_handles=("acme_team",))
    feeds = {"feed": {"feeds": [payload for payload in PAYLOADS if payload.isprintable()][:100]}}
    store.save_watch(replace(watch, sources=feeds), actor="earful", now=NOW)
    fill(store)
    store.put([found(hostile(number, payload)) for number, payload in enumerate(PAYLOADS)], now=NOW)
    for number, payload in enumerate(PAYLOADS):
        thread_id = f"hackernews:xss{number}"
        triage = Triage(tags=(payload[:40],), assignee=payload)
        store.triage(thread_id, triage, actor=payload, action="triage.tag", now=NOW)
        store.add_note(Note(id=str(number), thread_id=thread_id, author=payload, text=payload, at=NOW))
        if number % 8 == 0:
            store.save_source_state(
                SourceState(
                    watch_id="acme",
                    source=f"feed{number}",
                    status=SourceStatus.BLOCKED,
                    reason=payload,
                    last_success_at=NOW,
                )
            )
            search = SavedSearch(key=f"s{number}", title=payload[:60] or "x", query=payload[:500], owner=None)
            save_search(store, search, actor="admin", now=NOW)
    store.settle()
    yield store
    store.close()


def hostile(number: int, payload: str) -> Any:
    """A mention in which every text is a payload."""
    return a_mention(
        native_id=f"xss{number}",
        text=f"Acme {payload}",
        title=payload,
        author=Author(handle=payload, name=payload, url=payload),
        url=payload,
        language=payload[:8],
    )


def harm(seen: Page) -> list[str]:
    """Return what must not have happened; that an address is refused (400, 404) is meant."""
    refused = "Failed to load resource: the server responded with a status of 4"
    return [fault for fault in seen.faults if not fault.startswith(refused)]


def test_every_page_with_payloads_everywhere(
    chromium: Any, app: Flask, base: str, state: Any  # noqa: F811 — the fixtures imported
) -> None:  # fmt: skip
    assert len(PAYLOADS) >= 223
    seen = Page(chromium, base, storage_state=state)
    walked = [*pages(app), *(f"/threads/hackernews:xss{number}" for number in range(0, len(PAYLOADS), STEP))]
    for address in walked:
        seen.open(address)
    for first in ("/threads?view=all", "/search?q=acme"):
        address: str | None = first
        while address:
            seen.open(address)
            following = seen.page.locator("a[rel=next]")
            address = following.get_attribute("href") if following.count() else None
    assert harm(seen) == []
    seen.context.close()


def test_every_export_and_feed_with_payloads_everywhere(
    chromium: Any, base: str, state: Any  # noqa: F811
) -> None:  # fmt: skip
    seen = Page(chromium, base, storage_state=state)
    for address in SHOWN:
        seen.open(address)
        assert seen.page.locator("script").count() == 0, address
    for address in SAVED:
        answer = seen.context.request.get(base + address)
        assert answer.ok, address
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "attachment" in answer.headers["content-disposition"], address
    assert harm(seen) == []
    seen.context.close()


def test_payloads_typed_into_addresses(chromium: Any, base: str, state: Any) -> None:  # noqa: F811
    seen = Page(chromium, base, storage_state=state)
    for payload in PAYLOADS[::STEP]:
        for name in ("q", "sort", "after"):
            seen.open(f"/search?{name}={quote(payload)}")
    assert harm(seen) == []
    seen.context.close()
