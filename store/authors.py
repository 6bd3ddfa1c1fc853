"""What an author is listed as and found by."""

from __future__ import annotations

from store.codecs import storable


def shown(service_id: str | None, handle: str | None, name: str | None) -> str:
    """Return what an author is listed as: the handle, else the name, else the id, else nothing."""
    return storable(handle or name or service_id or "")


def author_key(name: str) -> str:
    """Return what `author:` compares: without case and without a leading `@`."""
    return storable(name).casefold().removeprefix("@")
