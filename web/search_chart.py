"""The chart of the search page: what it shows, and where a click on it leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.ports import Store
from core.query import Last, Node, Published
from core.query_parser import parse
from core.search import Hit, Search, Sort
from web.chart import Bar, Window, bars, window
from web.facets import clauses, within, written
from web.i18n import later
from web.own import zone
from web.silence import Silence, silences

#: Spans that are one press away, in the query language.
PRESETS = {
    "24h": later("24 hours"),
    "7d": later("7 days"),
    "30d": later("30 days"),
    "90d": later("90 days"),
    "": later("All time"),
}
#: Silences drawn; a source that stutters for weeks would hide the bars.
MOST = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Preset:
    """A span of time with the query that shows it."""

    title: str
    query: str
    chosen: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchChart:
    """Everything that the template draws."""

    window: Window
    bars: Sequence[Bar]
    #: The query of each bar, limited to its time.
    queries: Sequence[str]
    silences: Sequence[Silence]
    #: False where the store looked at a sample.
    exact: bool

    @property
    def top(self) -> int:
        """The highest bar."""
        return max((bar.count for bar in self.bars), default=0)


def presets(node: Node) -> list[Preset]:
    """Return the spans that are one press away."""
    chosen = next((part.written for part in clauses(node) if isinstance(part, Last)), None)
    bare = within(node, None, None)
    limited = written(clauses(node)) != bare
    return [
        Preset(
            title=title,
            query=f"{bare} last:{span}".strip() if span else bare,
            chosen=chosen == span if span else not limited,
        )
        for span, title in PRESETS.items()
    ]


def search_chart(store: Store, search: Search, newest: Hit | None = None) -> SearchChart | None:
    """Return the chart of a search, whose newest hit may be known; None where nothing is found."""
    newest = newest or _first(store, search, Sort.NEW)
    oldest = _first(store, search, Sort.OLD) if newest else None
    if not oldest or not newest:
        return None
    span = window(
        search.node,
        oldest=oldest.stored.mention.published_at,
        newest=newest.stored.mention.published_at + timedelta(seconds=1),
        now=search.now,
        zone=zone(),
    )
    buckets = store.histogram(search, step=span.step, start=span.start, end=span.end)
    drawn = bars(buckets, span, now=search.now)
    return SearchChart(
        window=span,
        bars=drawn,
        queries=[_query(search.node, bar) for bar in drawn],
        silences=silences(store.source_states(), search.node, span, now=search.now)[:MOST],
        exact=all(bucket.exact for bucket in buckets),
    )


def _first(store: Store, search: Search, sort: Sort) -> Hit | None:
    return next(iter(store.search(search, sort=sort, limit=1).hits), None)


def _query(node: Node, bar: Bar) -> str:
    """Return the query of what a bar counts: the first and last ones may reach beyond what was asked for."""
    asked = [part for part in clauses(node) if isinstance(part, Published)]
    after = max([bar.start, *(one.after for one in asked if one.after)])
    before = min([bar.end, *(one.before for one in asked if one.before)])
    return within(node, after, before)


def between(query: str, after: datetime | None, before: datetime | None) -> str:
    """Return a written query limited to a time."""
    return within(parse(query).node, after, before)
