"""What people write into forms, read into values."""

from __future__ import annotations

from datetime import date

from flask import request

from core.errors import InputError


def number(name: str, what: str, *, default: float | None = None) -> float:
    """Return the number in a field.

    Raises:
        InputError: there is none.
    """
    text = request.form.get(name, "").strip().replace(" ", "").replace(",", ".")
    if not text and default is not None:
        return default
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{what}: write a number") from None


def day(name: str, what: str) -> date | None:
    """Return the day in a field, None where it is empty.

    Raises:
        InputError: it is no day.
    """
    text = request.form.get(name, "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InputError(f"{what}: write a day such as 2026-03-31") from None
