"""Which form of a view is asked for: by suffix, else by the Accept header."""

from __future__ import annotations

from flask import request

TYPES = {
    "json": "application/json",
    "jsonl": "application/jsonl",
    "csv": "text/csv",
    "atom": "application/atom+xml",
    "feed.json": "application/feed+json",
}


def wanted(suffix: str, *offered: str) -> str:
    """Return the form to answer in, one of `offered`, or `html`."""
    if suffix in offered:
        return suffix
    types = {TYPES[name]: name for name in offered}
    best = request.accept_mimetypes.best_match(["text/html", *types], default="text/html")
    return types.get(best, "html")
