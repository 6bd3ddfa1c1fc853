"""The queue's state, which is its address: view, filters, query, order, page. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeAlias
from urllib.parse import urlencode

from core.query import And, Everything, Node, OneOf, Query, render
from core.query_fields import CLOSED_FIELDS
from core.query_parser import parse
from core.search import QueueSort, Search
from web.i18n import later

#: Parameters of an address, as Flask's `url_for` takes them.
Args: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class View:
    """A named part of the queue."""

    key: str
    title: str
    #: In the query language; empty for all threads.
    query: str
    icon: str
    #: Said when it is empty.
    empty: str
    #: The order of a saved view; None for the reader's usual one.
    sort: QueueSort | None = None
    #: True for one that a person saved.
    saved: bool = False
    #: Whose it is; None for everybody's.
    owner: str | None = None
    place: int = 0
    #: What it finds, where that is no text.
    node: Node | None = None

    @property
    def found_by(self) -> Node:
        """What it finds."""
        return self.node or parse(self.query).node


VIEWS = (
    View("open", later("Open"), "is:open", "inbox", later("Nothing is open. Everyone has been heard.")),
    View(
        "unanswered",
        later("Unanswered"),
        "is:open is:unanswered",
        "message",
        later("Nobody waits for an answer."),
    ),
    View("mine", later("Mine"), "is:mine is:open,waiting", "person", later("Nothing is assigned to you.")),
    View("waiting", later("Waiting"), "is:waiting", "hourglass", later("We wait for nobody.")),
    View("snoozed", later("Snoozed"), "is:snoozed", "moon", later("Nothing sleeps.")),
    View("resolved", later("Resolved"), "is:resolved", "check-circle", later("Nothing is resolved yet.")),
    View("ignored", later("Ignored"), "is:ignored", "slash", later("Nothing is ignored.")),
    View("all", later("All"), "", "list", later("There are no threads yet.")),
)
ALL = VIEWS[-1]

#: Filters beside the query, each a field of the query language.
FILTERS = ("source", "sentiment", "churn", "assignee", "watch", "tag")
SORTS = {
    QueueSort.PRIORITY: later("Priority"),
    QueueSort.WAITING: later("Longest waiting"),
    QueueSort.NEW: later("Newest"),
}
#: Longest value that a filter takes.
MAX_VALUE = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueView:
    """What part of the queue is looked at, in which order."""

    view: View = VIEWS[0]
    q: str = ""
    sort: QueueSort = QueueSort.PRIORITY
    after: str | None = None
    filters: Mapping[str, str] = field(default_factory=dict)
    #: What an address without a view, and one without an order, mean to this reader.
    usual: View = VIEWS[0]
    usual_sort: QueueSort = QueueSort.PRIORITY
    #: Conditions under which a mention is not muted.
    unmuted: tuple[Node, ...] = ()

    @classmethod
    def read(
        cls,
        args: Mapping[str, str],
        *,
        views: Sequence[View] = VIEWS,
        usual: str = "",
        usual_sort: str = "",
        unmuted: tuple[Node, ...] = (),
    ) -> QueueView:
        """Read an address; what it does not know it leaves out."""
        by_key = {view.key: view for view in views}
        first = by_key.get(usual, VIEWS[0])
        view = by_key.get(args.get("view", ""), first)
        remembered = read_sort(usual_sort) or QueueSort.PRIORITY
        return cls(
            view=view,
            q=args.get("q", "").strip(),
            sort=read_sort(args.get("sort", "")) or view.sort or remembered,
            after=args.get("after") or None,
            filters={name: args[name][:MAX_VALUE] for name in FILTERS if _fits(name, args.get(name, ""))},
            usual=first,
            usual_sort=remembered,
            unmuted=unmuted,
        )

    @property
    def query(self) -> Query:
        """The reader's own words, read."""
        return parse(self.q)

    def search(self, *, now: datetime, mine: tuple[str, ...]) -> Search:
        """Return what to ask the store."""
        nodes = [self.view.found_by, self.query.node]
        nodes += [OneOf(name, (value,)) for name, value in self.filters.items()]
        nodes += () if self.view is ALL else self.unmuted
        return Search(node=both(*nodes), now=now, mine=mine)

    def args(self, **changed: object) -> Args:
        """Return the address's parameters, defaults left out, with some changed; None takes one away."""
        found: dict[str, object] = {
            "view": self.view.key,
            "q": self.q,
            "sort": self.sort.value,
            **self.filters,
            "after": self.after,
            **changed,
        }
        # An address means the same to a colleague, whose own defaults are others.
        if found["view"] == VIEWS[0].key == self.usual.key:
            found["view"] = None
        if found["sort"] == QueueSort.PRIORITY.value == self.usual_sort.value and not self.view.sort:
            found["sort"] = None
        return {name: str(value) for name, value in found.items() if value}

    @property
    def written(self) -> str:
        """The whole state as one text, for forms and links that lead back."""
        return urlencode(self.args())

    @property
    def as_query(self) -> str:
        """All conditions as one text of the query language, as a saved view keeps them."""
        nodes = [parse(self.view.query).node, self.query.node]
        nodes += [OneOf(name, (value,)) for name, value in self.filters.items()]
        return render(both(*nodes))

    def first_page(self) -> QueueView:
        """Return the same view from its beginning."""
        return replace(self, after=None)

    def args_of(self, author: str, source: str) -> Args:
        """Return the address's parameters for an author's part of the same view, from its beginning."""
        said = render(both(self.query.node, OneOf("author", (author,))))
        return self.args(q=said, source=source, after=None)

    @property
    def narrowed(self) -> bool:
        """Whether more than the view itself limits what is shown."""
        return bool(self.q or self.filters)


def read_sort(written: str) -> QueueSort | None:
    """Return the order that a text names, or None."""
    return QueueSort(written) if written in list(QueueSort) else None


def both(*nodes: Node) -> Node:
    """Join conditions that must all hold."""
    kept = [node for node in nodes if not isinstance(node, Everything)]
    if not kept:
        return Everything()
    return kept[0] if len(kept) == 1 else And(tuple(kept))


def _fits(name: str, value: str) -> bool:
    if not value.strip():
        return False
    return name not in CLOSED_FIELDS or value in CLOSED_FIELDS[name]
