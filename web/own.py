"""The reader's own choices: their language and their time zone, out of the store, else of their browser."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from flask import g, has_request_context, request

from core.errors import InputError, StoreError
from core.zones import zone_of
from engage.preferences import Preferences, preferences
from web.services import the_store
from web.sessions import maybe_signed

#: Set by the script, which alone knows the browser's zone.
ZONE_COOKIE = "earful_zone"


def own() -> Preferences | None:
    """Return what the reader chose; None where nobody is signed in, and while the store is away."""
    if "own" not in g:
        try:
            found = maybe_signed()
            g.own = preferences(the_store(), found.user.name) if found else None
        except (InputError, StoreError):  # a zone that this machine does not know, or no store
            g.own = None
    chosen: Preferences | None = g.own
    return chosen


def zone() -> tzinfo:
    """Return the time zone that a page speaks in: the reader's, else their browser's, else UTC."""
    if not has_request_context():
        return UTC
    if "zone" not in g:
        chosen = own()
        g.zone = (zone_of(chosen.zone) if chosen and chosen.zone else None) or browser_zone() or UTC
    found: tzinfo = g.zone
    return found


def browser_zone() -> tzinfo | None:
    """Return the zone of the reader's browser, where its script has told it."""
    try:
        return zone_of(request.cookies.get(ZONE_COOKIE, ""))
    except InputError:
        return None


def zone_name(then: datetime) -> str:
    """Return what people call the page's zone at a moment: `CEST`, `UTC`, `UTC+03`."""
    name = then.astimezone(zone()).tzname() or "UTC"
    return name if name[:1].isalpha() else f"UTC{name}"
