"""Asking a store in few words."""

from __future__ import annotations

from datetime import datetime

from core.ports import Store
from core.query_parser import parse
from core.search import Search, Sort
from tests.builders import NOW


def ask(query: str, *, now: datetime = NOW, user: str | None = None, teams: tuple[str, ...] = ()) -> Search:
    """A search for `query`."""
    return Search(node=parse(query).node, now=now, mine=(user, *teams) if user else teams)


def ids(store: Store, query: str, *, sort: Sort = Sort.NEW, user: str | None = None) -> list[str]:
    """The ids that a query finds, all of them."""
    store.settle()
    return [
        hit.stored.mention.id for hit in store.search(ask(query, user=user), sort=sort, limit=10_000).hits
    ]
