"""The words behind a figure: what evidence quotes, read from the mentions it stands in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.errors import NotFound
from core.ports import Store
from core.stages import Because, Evidence
from engage.story import Event


@dataclass(frozen=True, kw_only=True, slots=True)
class Quote:
    """One piece of evidence with its words."""

    evidence: Evidence
    text: str
    source: str
    #: Who said it.
    handle: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """Why somebody stands where they do, with the words."""

    why: str
    quotes: tuple[Quote, ...]


def quoted(store: Store, evidence: Iterable[Evidence]) -> list[Quote]:
    """Return evidence with its words; what was deleted since is left out."""
    found = []
    for one in evidence:
        try:
            mention = store.mention(one.mention_id).mention
        except NotFound:
            continue
        if not mention.deleted:
            found.append(
                Quote(
                    evidence=one,
                    text=mention.said[one.start : one.end or 240],
                    source=mention.source,
                    handle=mention.author.handle or mention.author.name or "",
                )
            )
    return found


def reasons(store: Store, because: Iterable[Because]) -> list[Reason]:
    """Return why, with the words behind each reason."""
    return [Reason(why=one.why, quotes=tuple(quoted(store, one.quotes))) for one in because]


def told(store: Store, story: Iterable[Event]) -> list[tuple[Event, Quote | None]]:
    """Return a story with the words of what was said in it; what was deleted since is left out."""
    found: list[tuple[Event, Quote | None]] = []
    for event in story:
        words = quoted(store, [event.evidence]) if event.evidence else []
        if words or not event.evidence:
            found.append((event, words[0] if words else None))
    return found


def evidence_json(one: Evidence) -> dict[str, object]:
    """Return evidence as data: where it stands, and what it is a sign of."""
    return {
        "signal": one.signal.value,
        "mention_id": one.mention_id,
        "thread_id": one.thread_id,
        "at": one.at.isoformat().replace("+00:00", "Z"),
        "start": one.start,
        "end": one.end,
        "detail": one.detail,
    }
