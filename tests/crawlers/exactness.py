"""Every item of the recordings against what a correct source makes of it, word for word."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.crawlers.truth import read, recordings

#: Fields of a recording's truth, by the place where a mention tells them.
_FIELDS = ("author", "title", "url", "rating")


def inexact(shared: Path, service: str) -> list[str]:
    """Return what a source reads otherwise than the recordings hold, with their addresses and without."""
    faults: list[str] = []
    for one in recordings(shared, service):
        wanted = {item["id"]: _wanted(item) for item in one.expected}
        for url in (one.url, None):
            found = read(service, one.body, url)
            told = {item["native_id"]: _told(item, wanted.get(item["native_id"], {})) for item in found}
            faults += [f"{one.file}: {told.get(name)} instead of {wanted.get(name)}" for name in told | wanted
                       if told.get(name) != wanted.get(name)]  # fmt: skip
    return faults


def _wanted(item: Mapping[str, Any]) -> dict[str, Any]:
    at = item.get("created_at") or item["snowflake_utc"]
    fields = {name: item.get(name) for name in _FIELDS if name in item or name == "author"}
    return fields | {"at": at[:19], "text": item["text_start"].strip()}


def _told(item: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = dict(item) | {"author": item["author"]["handle"]}
    text = " ".join(item["text"].split())[:100].strip()
    told = {name: fields[name] for name in _FIELDS if name in wanted}
    return told | {"at": item["published_at"][:19], "text": text}
