"""Time zones by their names."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.errors import InputError


def zone_of(name: str) -> ZoneInfo:
    """Return the time zone of a name such as `Europe/Prague`.

    Raises:
        InputError: there is none.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # also a name that leads out of the database
        raise InputError(f"there is no time zone {name!r}; one is Europe/Prague") from None
