"""What happened to the product: releases and outages, against which reports compare before and after."""

from __future__ import annotations

import enum
import hashlib
from dataclasses import dataclass
from datetime import date, datetime

from core.bodies import body_of, value_of
from core.customers import MAX_TEXT, YEARS, day_begin
from core.errors import InputError
from core.kept import Kept, Order, Sought
from core.ports import Store

HAPPENING = "happening"
#: Shown and compared, the newest.
MOST = 100


class HappeningKind(enum.StrEnum):
    """Name what happened."""

    RELEASE = "release"
    OUTAGE = "outage"


@dataclass(frozen=True, kw_only=True, slots=True)
class Happening:
    """Something that happened to the product, from its first day to its last."""

    kind: HappeningKind
    name: str
    begin: date
    end: date

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            InputError: the message says what it may be.
        """
        object.__setattr__(self, "name", " ".join(self.name.split()))
        if not 0 < len(self.name) <= MAX_TEXT:
            raise InputError(f"say what happened, in 1 to {MAX_TEXT} characters")
        if not YEARS[0] <= self.begin.year <= YEARS[1] or self.end < self.begin:
            raise InputError(f"the last day lies on or after the first, both in {YEARS[0]} to {YEARS[1]}")

    @property
    def key(self) -> str:
        """The same thing told twice is one."""
        said = f"{self.kind}\x00{self.name}\x00{self.begin}"
        return hashlib.blake2b(said.encode("utf-8", "replace"), digest_size=8).hexdigest()


def keep_happening(store: Store, told: Happening, *, actor: str, now: datetime) -> None:
    """Keep that something happened."""
    last = store.kept_one(HAPPENING, told.key)
    item = Kept(
        kind=HAPPENING, key=told.key, body=body_of(told), by=actor, at=now, state=told.kind.value,
        version=last.version if last else 0, due=day_begin(told.begin),
    )  # fmt: skip
    store.keep(item)


def happenings(store: Store) -> list[Happening]:
    """Return what happened, newest first."""
    page = store.kept_page(Sought(kind=HAPPENING, order=Order.LATEST), limit=MOST)
    return [value_of(Happening, item.body) for item in page.items]
