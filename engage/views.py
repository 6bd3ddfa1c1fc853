"""Saved views of the queue: a query with a name, one's own or the team's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.errors import InputError, NotFound
from core.kept import Kept
from core.ports import Store
from core.search import QueueSort

KIND = "view"
#: One body per user: which view `/threads` opens with.
PREFERENCE = "preference"
MAX_TITLE = 40
MAX_QUERY = 512
#: More would be a list to search, not a row of tabs.
MAX_VIEWS = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class SavedView:
    """One saved view."""

    key: str
    title: str
    #: In the query language.
    query: str
    sort: QueueSort
    #: Whose it is; None for the team's.
    owner: str | None
    #: Lower comes first.
    place: int = 0


def views_of(store: Store, user: str) -> Sequence[SavedView]:
    """Return the team's views and the user's own, in their order."""
    found = [view for item in store.kept(KIND) if (view := _read(item)) and view.owner in (None, user)]
    return sorted(found, key=lambda view: (view.place, view.title.casefold(), view.key))


def save_view(store: Store, view: SavedView, *, actor: str, now: datetime) -> SavedView:
    """Store a view, in the place of the one with its key where there is one.

    Raises:
        InputError: it has no title, is too long, or there are too many.
        NotFound: the view of that key is somebody else's own.
    """
    title = " ".join(view.title.split())
    if not title or len(title) > MAX_TITLE:
        raise InputError(f"a view's name has 1 to {MAX_TITLE} characters")
    if len(view.query) > MAX_QUERY:
        raise InputError(f"a view's query has at most {MAX_QUERY} characters; take a filter away")
    items = {item.key: item for item in store.kept(KIND)}
    if view.key not in items and len(views_of(store, actor)) >= MAX_VIEWS:
        raise InputError(f"there are {MAX_VIEWS} views already; remove one first")
    stored = items.get(view.key)
    _check_owner(stored, actor)
    body = {
        "title": title,
        "query": view.query,
        "sort": view.sort.value,
        "owner": view.owner,
        "place": view.place,
    }
    version = stored.version if stored else 0
    store.keep(Kept(kind=KIND, key=view.key, body=body, by=actor, at=now, version=version))
    return view


def remove_view(store: Store, key: str, *, actor: str, now: datetime) -> None:
    """Take a view away.

    Raises:
        NotFound: it is somebody else's own.
    """
    _check_owner(next((item for item in store.kept(KIND) if item.key == key), None), actor)
    store.drop(KIND, key, actor=actor, now=now)


def default_view(store: Store, user: str) -> str:
    """Return the key of the view that a user's queue opens with; empty for the built-in one."""
    item = _preference(store, user)
    return str(item.body.get("view") or "") if item else ""


def set_default_view(store: Store, key: str, *, user: str, now: datetime) -> None:
    """Let a user's queue open with a view; empty for the built-in one."""
    item = _preference(store, user)
    if (str(item.body.get("view") or "") if item else "") == key:
        return
    body: Mapping[str, object] = {**(item.body if item else {}), "view": key}
    version = item.version if item else 0
    store.keep(Kept(kind=PREFERENCE, key=user, body=body, by=user, at=now, version=version))


def _preference(store: Store, user: str) -> Kept | None:
    return next((item for item in store.kept(PREFERENCE) if item.key == user), None)


def _check_owner(item: Kept | None, actor: str) -> None:
    if item and item.body.get("owner") not in (None, actor):
        raise NotFound("there is no such view of yours or of the team")


def _read(item: Kept) -> SavedView | None:
    """Return a kept thing as a view; None for what another version of Earful wrote."""
    title, query, sort = item.body.get("title"), item.body.get("query"), item.body.get("sort")
    owner, place = item.body.get("owner"), item.body.get("place")
    if not isinstance(title, str) or not isinstance(query, str) or sort not in list(QueueSort):
        return None
    return SavedView(
        key=item.key,
        title=title,
        query=query,
        sort=QueueSort(str(sort)),
        owner=str(owner) if owner else None,
        place=place if isinstance(place, int) else 0,
    )
