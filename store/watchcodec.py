"""Watches as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from core.watch import Brand, Watch
from store.codecs import dumps


def watch_to_json(watch: Watch) -> dict[str, object]:
    """Return a watch as plain JSON values."""
    return {
        "id": watch.id,
        "product": _brand_to_json(watch.product),
        "rivals": [_brand_to_json(rival) for rival in watch.rivals],
        "own_handles": list(watch.own_handles),
        "must": list(watch.must),
        "must_not": list(watch.must_not),
        "sources": {name: dict(settings) for name, settings in watch.sources.items()},
        "every_minutes": watch.every_minutes,
        "paused": watch.paused,
        "priority": watch.priority,
        "version": watch.version,
    }


def watch_to_text(watch: Watch) -> str:
    """Return a watch as JSON text."""
    return dumps(watch_to_json(watch))


def watch_from_text(text: str) -> Watch:
    """Return the watch that `watch_to_text` wrote."""
    return watch_from_json(json.loads(text))


def watch_from_json(data: Mapping[str, Any]) -> Watch:
    """Return the watch that `watch_to_json` wrote.

    Raises:
        KeyError: a part is missing.
        TypeError: a part is not of its kind.
        InputError: a value cannot be one of a watch.
    """
    return Watch(
        id=data["id"],
        product=_brand_from_json(data["product"]),
        rivals=tuple(_brand_from_json(rival) for rival in data["rivals"]),
        own_handles=tuple(data["own_handles"]),
        must=tuple(data["must"]),
        must_not=tuple(data["must_not"]),
        sources=data["sources"],
        every_minutes=data["every_minutes"],
        paused=data["paused"],
        priority=data.get("priority", 0),
        version=data["version"],
    )


def _brand_to_json(brand: Brand) -> dict[str, object]:
    return {"name": brand.name, "aliases": list(brand.aliases)}


def _brand_from_json(data: Mapping[str, object]) -> Brand:
    aliases = data["aliases"]
    return Brand(
        name=str(data["name"]), aliases=tuple(map(str, aliases)) if isinstance(aliases, list) else ()
    )
