"""A stream: one list that a source shows newest first, and where we stand in it. Pure values.

The place is held by ids, not by a time: entries that come late, share a second or carry an old date stand
between known ids and are found, because each crawl reads on until a whole page is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import quote

from core.clock import from_iso, iso
from core.mention import Mention
from core.source import Cursor
from core.watch import Watch

#: Ids kept of what was read, newest first: the overlap that each crawl reads again.
KNOWN = 400
#: Sizes of threads kept, so that only those that grew are read again.
THREADS = 800
#: A thread that failed this often is stored without what stands around it.
MAX_TRIES = 3
#: A server that always answers "not modified" is asked for the whole all the same after this time.
REFETCH = timedelta(days=7)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stream:
    """One list of a source, read for one watch."""

    watch: Watch
    #: Its name in the cursor: a query, a tag on a server, a feed's address.
    name: str
    #: Address of its first page.
    url: str
    #: True where the answer is one page that a server can call unchanged (feeds).
    conditional: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Lookup:
    """An address that shows stored items by their ids; what its answer leaves out is deleted."""

    #: Path below the source's base; `{ids}` stands for the ids, `{host}` for the server in mention ids.
    path: str
    #: Most ids in one request.
    at_once: int
    #: Stands between two ids.
    between: str = ","
    #: Only for ids that this pattern finds; its first group, where there is one, is the id wanted.
    of: str = ""
    #: The credential without which it is refused.
    key: str = ""
    #: Another base than the source's.
    home: str = ""
    #: True where the items of each server, which mention ids name, are asked for by themselves.
    per_server: bool = False

    def takes(self, mention: Mention) -> bool:
        """Tell whether it shows items of this kind."""
        return re.search(self.of, self._id(mention)) is not None

    def below(self, mentions: Sequence[Mention], host: str = "") -> str:
        """Return the path that shows these; all of one `host`, where each is asked about its own."""
        found = (re.search(self.of, self._id(mention)) for mention in mentions)
        ids = (
            quote(one[one.lastindex or 0] if one.lastindex else one.string, safe="") for one in found if one
        )
        return self.path.replace("{host}", host).replace("{ids}", self.between.join(ids))

    def _id(self, mention: Mention) -> str:
        """Return the id as the server that is asked knows it: the home server has one of its own."""
        return mention.id.split(":", 2)[2] if self.per_server else mention.native_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Validators:
    """What a server gave us to ask "anything new?" with."""

    etag: str = ""
    modified: str = ""
    #: When the whole was last fetched.
    at: datetime | None = None
    #: The watch's version then: another version may keep what this one passed over.
    version: int = 0

    def headers(self, watch: Watch, now: datetime) -> dict[str, str]:
        """Return the request headers; none where the whole must come again."""
        if self.at is None or self.version != watch.version or now - self.at >= REFETCH:
            return {}
        pairs = (("If-None-Match", self.etag), ("If-Modified-Since", self.modified))
        return {name: value for name, value in pairs if value}


@dataclass(frozen=True, kw_only=True, slots=True)
class Walk:
    """A way from the newest entry down that has not reached known ground yet."""

    #: Ids that it passed, newest first.
    passed: tuple[str, ...]
    #: The page to go on with.
    next_url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Position:
    """Where we stand in a stream; becomes a cursor's value and back."""

    #: Newest ids of the ground that was read without a gap.
    known: tuple[str, ...] = ()
    #: How far down that ground reaches; None before the first walk reached its end.
    floor: datetime | None = None
    walk: Walk | None = None
    #: Size of each thread when it was last read, by mention id.
    threads: Mapping[str, int] = field(default_factory=dict)
    #: How often each thread failed, by mention id.
    stuck: Mapping[str, int] = field(default_factory=dict)
    validators: Validators = field(default_factory=Validators)
    #: No request for this stream before this moment, and why.
    until: datetime | None = None
    why: str = ""

    def finished(self, passed: Iterable[str], floor: datetime) -> Position:
        """Return the place after a walk that came down to known ground or to `floor`."""
        reached = floor if self.floor is None else min(self.floor, floor)
        return replace(self, known=first(KNOWN, (*passed, *self.known)), floor=reached, walk=None)

    def underway(self, passed: Iterable[str], next_url: str) -> Position:
        """Return the place of a walk that stands before `next_url`."""
        return replace(self, walk=Walk(passed=first(KNOWN, passed), next_url=next_url))

    def waiting(self, until: datetime | None, why: str) -> Position:
        """Return the place with a time before which nothing is asked."""
        return replace(self, until=until, why=why)

    def failed(self, thread: str) -> Position:
        """Return the place with one more failure of a thread."""
        return replace(self, stuck={**self.stuck, thread: self.stuck.get(thread, 0) + 1})

    def read(self, thread: str, size: int) -> Position:
        """Return the place with a thread read at that size."""
        threads = {key: value for key, value in self.threads.items() if key != thread}
        stuck = {key: value for key, value in self.stuck.items() if key != thread}
        kept = dict(list(threads.items())[-(THREADS - 1) :])
        return replace(self, threads={**kept, thread: size}, stuck=stuck)


def first(count: int, ids: Iterable[str]) -> tuple[str, ...]:
    """Return the first `count` different ids."""
    return tuple(dict.fromkeys(ids))[:count]


def to_cursor(stream: Stream, source: str, position: Position) -> Cursor:
    """Return the place as the store keeps it."""
    checked = position.validators
    value: dict[str, object] = {
        "known": list(position.known),
        "floor": iso(position.floor) if position.floor else None,
        "threads": dict(position.threads),
        "stuck": dict(position.stuck),
        "until": iso(position.until) if position.until else None,
        "why": position.why,
    }
    if position.walk:
        value["walk"] = {"passed": list(position.walk.passed), "next": position.walk.next_url}
    if checked.at:
        value["validators"] = {
            "etag": checked.etag,
            "modified": checked.modified,
            "at": iso(checked.at),
            "version": checked.version,
        }
    return Cursor(watch_id=stream.watch.id, source=source, stream=stream.name, value=value)


def from_cursor(cursor: Cursor | None) -> Position:
    """Return the place that a cursor tells; the very beginning where there is none or it is of another form.

    Beginning anew is safe: what is stored already is put again and counts as unchanged.
    """
    if cursor is None:
        return Position()
    value = cursor.value
    walk, checked = value.get("walk"), value.get("validators")
    try:
        return Position(
            known=_texts(value.get("known")),
            floor=_moment(value.get("floor")),
            walk=Walk(passed=_texts(walk.get("passed")), next_url=str(walk["next"]))
            if isinstance(walk, Mapping)
            else None,
            threads=_counts(value.get("threads")),
            stuck=_counts(value.get("stuck")),
            validators=_validators(checked) if isinstance(checked, Mapping) else Validators(),
            until=_moment(value.get("until")),
            why=str(value.get("why") or ""),
        )
    except (KeyError, TypeError, ValueError):
        return Position()


def _validators(value: Mapping[str, object]) -> Validators:
    version = value.get("version")
    return Validators(
        etag=str(value.get("etag") or ""),
        modified=str(value.get("modified") or ""),
        at=_moment(value.get("at")),
        version=version if isinstance(version, int) else 0,
    )


def _moment(value: object) -> datetime | None:
    return from_iso(value) if isinstance(value, str) and value else None


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def _counts(value: object) -> dict[str, int]:
    items = value.items() if isinstance(value, Mapping) else ()
    return {str(key): number for key, number in items if isinstance(number, int)}
