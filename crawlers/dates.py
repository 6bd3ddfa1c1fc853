"""Dates as web pages write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from core.clock import as_utc
from crawlers.page import Json, time_of

#: Before this nobody published on the web: an older date is a default that somebody forgot to set.
FIRST_YEAR = 1990

_LONG = re.compile(
    r"([A-Z][a-z]{2})[a-z]*\.? (\d{1,2}),? (\d{4})|(\d{1,2})\.? ([A-Z][a-z]{2})[a-z]*\.? (\d{4})"
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MILLISECONDS = re.compile(r"\d{13}")
_SECONDS = re.compile(r"\d{10}")


def date_of(value: Json) -> datetime | None:
    """Return the moment that a page's metadata names; None where it names none, or an absurd one."""
    if isinstance(value, str):
        value = " ".join(value.split())
    moment = time_of(value) or (_spelled(value) if isinstance(value, str) and value else None)
    return moment if moment and moment.year >= FIRST_YEAR else None


def _spelled(text: str) -> datetime | None:
    """Return what other forms than ISO mean: e-mail's, seconds, milliseconds, and months in English."""
    if _MILLISECONDS.fullmatch(text) or _SECONDS.fullmatch(text):
        return time_of(int(text[:10]))
    moment = time_of(re.sub(r"\s*(?:UTC|GMT)$", "Z", text)) or time_of(
        re.sub(r" (?=[+-]\d\d:?\d\d$)", "", text)
    )
    if moment:
        return moment
    try:
        found = parsedate_to_datetime(text)
        return as_utc(found if found.tzinfo else found.replace(tzinfo=UTC))
    except (ValueError, TypeError, IndexError, OverflowError):
        return _long(text)


def _long(text: str) -> datetime | None:
    found = _LONG.search(text)
    if not found:
        return None
    month, day, year = (found[1], found[2], found[3]) if found[1] else (found[5], found[4], found[6])
    try:
        return datetime(int(year), _MONTHS.index(month) + 1, int(day), tzinfo=UTC)
    except ValueError:
        return None
