"""What a person who signs in chose for themselves, the same in every browser."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.kept import Kept
from core.ports import Store
from core.zones import zone_of

KIND = "preference"


@dataclass(frozen=True, kw_only=True, slots=True)
class Preferences:
    """One person's own choices."""

    #: A locale's name; empty for the browser's languages.
    language: str = ""
    #: A time zone's name; empty for the browser's.
    zone: str = ""
    #: Counts the changes; 0 is not stored yet.
    version: int = 0

    def __post_init__(self) -> None:
        """Refuse a zone that there is not.

        Raises:
            InputError: it says so.
        """
        if self.zone:
            zone_of(self.zone)


def preferences(store: Store, user: str) -> Preferences:
    """Return what a user chose; all empty where they chose nothing."""
    item = store.kept_one(KIND, user)
    if item is None:
        return Preferences()
    language, zone = (str(item.body.get(name) or "") for name in ("language", "zone"))
    return Preferences(language=language, zone=zone, version=item.version)


def save_preferences(store: Store, user: str, chosen: Preferences, *, now: datetime) -> None:
    """Store what a user chose, without an audit record: it concerns nobody else.

    Of two browsers that save at the same moment the first wins; the page that follows shows it.
    """
    body = {"language": chosen.language, "zone": chosen.zone}
    store.keep_all([Kept(kind=KIND, key=user, body=body, by=user, at=now, version=chosen.version)])
