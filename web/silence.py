"""When a source was not read, so that a chart does not show silence as quiet. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from core.query import Node, Not, OneOf
from core.source import SourceState, SourceStatus
from web.chart import WIDTH, Window
from web.facets import clauses

#: In these nothing comes in.
DOWN = frozenset({SourceStatus.SUSPECT, SourceStatus.BACKING_OFF, SourceStatus.BLOCKED, SourceStatus.DEAD})
#: A known gap as the crawlers word it.
GAP = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d) to (\d{4}-\d\d-\d\d \d\d:\d\d) UTC: (.*)", re.DOTALL)
#: Narrowest band that can still be seen, in units of the drawing.
THINNEST = 3.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Silence:
    """A stretch of time in which a source was not read."""

    source: str
    start: datetime
    end: datetime
    why: str
    #: True while it lasts.
    now: bool = False

    def place(self, window: Window) -> tuple[float, float]:
        """Return where it lies in a chart, as its left edge and its width."""
        span = window.end - window.start
        left = WIDTH * max(0.0, (self.start - window.start) / span)
        right = WIDTH * min(1.0, (self.end - window.start) / span)
        width = max(THINNEST, right - left)
        return round(min(left, WIDTH - width), 2), round(width, 2)


def silences(states: Sequence[SourceState], node: Node, window: Window, *, now: datetime) -> list[Silence]:
    """Return when sources that a query asks for were not read, within a window, the longest first."""
    found = [
        silence
        for state in states
        if _asked_for(node, state.source)
        for silence in (*_since_then(state, now), *_gaps(state))
        if silence.start < window.end and silence.end > window.start
    ]
    return sorted(found, key=lambda each: (each.start - each.end, each.source))


def _since_then(state: SourceState, now: datetime) -> list[Silence]:
    if state.last_success_at is None or not (state.paused or state.status in DOWN):
        return []
    why = state.reason or ("paused" if state.paused else state.status.value)
    return [Silence(source=state.source, start=state.last_success_at, end=now, why=why, now=True)]


def _gaps(state: SourceState) -> list[Silence]:
    return [
        Silence(source=state.source, start=_moment(match[1]), end=_moment(match[2]), why=match[3])
        for match in map(GAP.fullmatch, state.gaps)
        if match
    ]


def _moment(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


def _asked_for(node: Node, source: str) -> bool:
    """Tell whether a query can find what a source brings."""
    for part in clauses(node):
        if isinstance(part, OneOf) and part.field == "source" and source not in part.values:
            return False
        left_out = part.node if isinstance(part, Not) else None
        if isinstance(left_out, OneOf) and left_out.field == "source" and source in left_out.values:
            return False
    return True
