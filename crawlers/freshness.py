"""What becomes of stored items: when to look at them again, what to ask, and what an answer means. Pure.

Each item is due an hour, a day, a week and thirty days after it was published. That needs no mark on any
item: for each of these ages, the items that reached it since the last look are those published in a span
of time that moves on with the clock, and one place per age says how far the looking came.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from scrapy.http import TextResponse

from core.clock import from_iso, iso
from core.errors import SourceError
from core.mention import Mention
from crawlers.stream import Lookup

if TYPE_CHECKING:
    from crawlers.source import Source

#: Ages at which an item is looked at again.
AGES: Mapping[str, timedelta] = {
    "1h": timedelta(hours=1),
    "1d": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
#: Where the terms give 24 hours, all that is stored is gone through this often …
ROUND_EVERY = timedelta(hours=20)
#: … and what a round has not reached after this time is past its 24 hours.
ROUND_LASTS = timedelta(hours=4)
#: The place of such a round, beside those of the ages.
ROUND = "round"


@dataclass(frozen=True, kw_only=True, slots=True)
class Recheck:
    """One request about stored mentions."""

    url: str
    mentions: tuple[Mention, ...]
    #: What the answer does not show is deleted.
    absent_is_gone: bool
    #: The answer is a conversation, to be read around this one.
    around: Mention | None = None
    #: All of them stand at this address, so that they are gone with it.
    one_place: bool = False

    @property
    def named(self) -> tuple[Mention, ...]:
        """The mentions that the address names: they are deleted where it is not there."""
        if self.one_place or (len(self.mentions) == 1 and self.around is None):
            return self.mentions
        parts = frozenset(re.split(r"[/?&=,]", self.url))
        return tuple(
            one
            for one in self.mentions
            if one.id == one.thread_id or not parts.isdisjoint((one.native_id, quote(one.native_id, safe="")))
        )


def by_lookup(source: Source, mentions: Sequence[Mention]) -> Iterator[Recheck]:
    """Yield the look-ups that cover the mentions, each in the first kind that takes it.

    What no kind takes, for want of a key or of an address that shows it, is not asked about.
    """
    left = list(mentions)
    for lookup in usable(source):
        taken = [mention for mention in left if lookup.takes(mention)]
        left = [mention for mention in left if not lookup.takes(mention)]
        servers: dict[str, list[Mention]] = {}
        for mention in taken:
            servers.setdefault(mention.id.split(":")[1] if lookup.per_server else "", []).append(mention)
        for host, found in servers.items():
            for start in range(0, len(found), lookup.at_once):
                part = tuple(found[start : start + lookup.at_once])
                yield Recheck(
                    url=_root(source, lookup, host) + lookup.below(part, host),
                    mentions=part,
                    absent_is_gone=True,
                )


def usable(source: Source) -> list[Lookup]:
    """Return the look-ups that a source has the keys for."""
    return [lookup for lookup in source.lookups if not lookup.key or source.keys.get(lookup.key)]


def by_address(source: Source, mentions: Sequence[Mention]) -> Iterator[Recheck]:
    """Yield each address once at which some of the mentions stand; without it they are gone.

    Below `--base-url` only addresses there: a replay leads nowhere else.
    """
    places: dict[str, list[Mention]] = {}
    for mention in mentions:
        url = (mention.url or "").partition("#")[0]
        if url.startswith(f"{source.base_url}/" if source.base_url else ("http://", "https://")):
            places.setdefault(url, []).append(mention)
    for url, found in places.items():
        yield Recheck(url=url, mentions=tuple(found), absent_is_gone=False, one_place=True)


def _root(source: Source, lookup: Lookup, host: str) -> str:
    if lookup.per_server and not source.home:
        return f"{source.base_url}/{host}" if source.base_url else f"https://{host}"
    return lookup.home if lookup.home and not source.base_url else source.base


def by_thread(source: Source, mentions: Sequence[Mention]) -> Iterator[Recheck]:
    """Yield each conversation once that holds some of the mentions."""
    blank = TextResponse(f"{source.base}/", body=b"{}", encoding="utf-8")
    threads: dict[str, list[Mention]] = {}
    for mention in mentions:
        try:
            url = source.thread_url(mention, blank)
        except SourceError:
            # Only the page that showed it tells where its conversation is.
            continue
        if url is not None and url.startswith(("http://", "https://")):
            threads.setdefault(url, []).append(mention)
    for url, found in threads.items():
        yield Recheck(
            url=url,
            mentions=tuple(found),
            absent_is_gone=source.absent_means_gone,
            around=found[0],
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """How far the looking came at one age: everything published before `at` was looked at."""

    at: datetime
    #: The last one of that very time, where the looking stopped among several.
    after: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """The places of all ages of one source and watch; becomes a cursor's value and back."""

    places: Mapping[str, Place] = field(default_factory=dict)
    #: When the running or last round over everything began.
    round_at: datetime | None = None

    def span(self, age: str, now: datetime) -> tuple[Place, datetime]:
        """Return from where to where items have come to an age since the last look."""
        end = now - AGES[age]
        # At the first time nothing is overdue: what is stored was read just now.
        return self.places.get(age) or Place(at=end), end

    def moved(self, age: str, place: Place) -> Places:
        """Return the places after a look at one age."""
        return replace(self, places={**self.places, age: place})

    def round_is_due(self, now: datetime) -> bool:
        """Tell whether it is time to go through everything again; at the first time all was read just now."""
        return self.round_at is not None and now - self.round_at >= ROUND_EVERY and ROUND not in self.places

    def round_is_late(self, now: datetime) -> bool:
        """Tell whether what the round has not reached is past its time."""
        return ROUND in self.places and self.round_at is not None and now - self.round_at > ROUND_LASTS

    def begun(self, now: datetime) -> Places:
        """Return the places with a round over everything begun."""
        return replace(self.moved(ROUND, Place(at=datetime.fromtimestamp(0, UTC))), round_at=now)

    def done(self) -> Places:
        """Return the places with the round ended."""
        return replace(self, places={key: one for key, one in self.places.items() if key != ROUND})

    def to_json(self) -> dict[str, object]:
        """Return plain JSON values."""
        places = {key: [iso(place.at), place.after] for key, place in self.places.items()}
        return {"places": places, "round_at": iso(self.round_at) if self.round_at else None}

    @classmethod
    def from_json(cls, value: Mapping[str, object]) -> Places:
        """Return the places that a cursor tells; none where it is of another form."""
        places, began = value.get("places"), value.get("round_at")
        items: Iterable[tuple[str, object]] = places.items() if isinstance(places, Mapping) else ()
        try:
            return cls(
                places={str(key): _place(one) for key, one in items},
                round_at=from_iso(began) if isinstance(began, str) else None,
            )
        except (TypeError, ValueError):
            return cls()


def _place(value: object) -> Place:
    at, after = value if isinstance(value, list) else ("", None)
    return Place(at=from_iso(str(at)), after=str(after) if after else None)
