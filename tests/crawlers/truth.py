"""What the tests of sources share: read as `earful read` does, and compare with what recordings hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scrapy.http import TextResponse

from core.mention import mention_to_json
from core.watch import Brand, Watch
from crawlers.catalog import source
from crawlers.recorded import read_file

FIXTURES = Path(__file__).parent / "fixtures"
#: What services and those who stand before them answer with status 200 in the place of data.
BLOCK_PAGE = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Checking</body></html>"


def acme(**settings: Any) -> Watch:
    """A watch for Acme and its rival Globex."""
    return Watch(id="acme", product=Brand(name="Acme"), rivals=(Brand(name="Globex"),), **settings)


def read(name: str, body: bytes | str | object, url: str | None = None) -> list[dict[str, Any]]:
    """What a source makes of an answer, as `earful read` prints it."""
    if not isinstance(body, bytes | str):
        body = json.dumps(body)
    raw = body.encode() if isinstance(body, str) else body
    return [mention_to_json(mention) for mention in read_file(source(name), raw, url)]


def answer(body: bytes | object, url: str, **headers: str) -> TextResponse:
    """An answer of a service, as a source's methods get it."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return TextResponse(url=url, body=raw, headers=headers)


def fixture(name: str) -> bytes:
    """An invented answer in the shape of a recorded one."""
    return (FIXTURES / name).read_bytes()


@dataclass(frozen=True)
class Recording:
    """A real answer of a service and what a correct source makes of it."""

    file: str
    url: str
    body: bytes
    expected: list[dict[str, Any]]

    def faults(self, name: str) -> list[str]:
        """What the source makes of it otherwise than it should."""
        found = read(name, self.body, self.url)
        faults = [] if len(found) == len(self.expected) else [f"{len(found)} of {len(self.expected)} items"]
        for wanted in self.expected:
            item = next((item for item in found if _same(item, wanted)), None)
            faults += [f"{wanted['id']} is missing"] if item is None else list(_differences(item, wanted))
        return [f"{self.file}: {fault}" for fault in faults]


def recordings(shared: Path, service: str) -> list[Recording]:
    """The recordings of one service in the developers' folder."""
    root = shared / "recordings"
    entries = json.loads((root / "MANIFEST.json").read_text())["entries"]
    return [
        Recording(
            file=entry["file"],
            url=entry["request"]["url"],
            body=(root / entry["file"]).read_bytes(),
            expected=[
                json.loads(line) for line in (root / entry["expect"]["all_items"]).read_text().splitlines()
            ],
        )
        for entry in entries
        if entry["service"] == service
    ]


def _same(item: dict[str, Any], wanted: dict[str, Any]) -> bool:
    number = item["native_id"].rpartition("/")[2]
    return number == wanted["id"] and item["published_at"][:19] == wanted["created_at"][:19]


def _differences(item: dict[str, Any], wanted: dict[str, Any]) -> Iterator[str]:
    author = (wanted.get("author") or "").removeprefix("/u/")
    pairs = {
        "author": (item["author"]["handle"] or "", "" if author == "[deleted]" else author),
        # An anonymised recording has a word where the address was.
        "url": (item["url"], wanted.get("url")) if "://" in wanted.get("url", "") else ("", ""),
        "deleted": (item["deleted"], bool(wanted.get("deleted"))),
        "edited_at": ((item["edited_at"] or "")[:19], (wanted.get("edited_at") or "")[:19]),
        "text": ("", "")
        if wanted.get("deleted")
        else (" ".join(item["text"].split())[:100].strip(), wanted.get("text_start", "").strip()),
    }
    for name, (ours, theirs) in pairs.items():
        if ours != theirs:
            yield f"{wanted['id']}: {name} {ours!r}, not {theirs!r}"
