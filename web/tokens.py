"""Ids that a form carries, so that sending it twice is doing it once."""

from __future__ import annotations

import secrets


def new_id() -> str:
    """Return an id that nobody else will make."""
    return secrets.token_hex(12)
