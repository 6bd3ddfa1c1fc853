"""Saved searches: a question with a name, examples that hold it to its meaning, and earlier versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.clock import iso
from core.errors import InputError, NotFound
from core.kept import Kept
from core.ports import Store
from core.query_parser import parse
from core.search import Sort
from engage.examples import verdicts

KIND = "search"
MAX_TITLE = 60
MAX_QUERY = 512
MAX_EXAMPLES = 20
MAX_EXAMPLE = 1_000
MAX_SEARCHES = 100
#: Earlier versions kept.
HISTORY = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Earlier:
    """One earlier version of a saved search."""

    version: int
    title: str
    query: str
    by: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class SavedSearch:
    """One saved search."""

    key: str
    title: str
    #: In the query language.
    query: str
    sort: Sort = Sort.NEW
    #: Whose it is; None for the team's.
    owner: str | None
    #: Texts that it must find, and texts that it must not.
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()
    version: int = 0
    by: str = ""
    at: datetime | None = None
    #: Newest first.
    history: tuple[Earlier, ...] = ()


def saved_searches(store: Store, user: str) -> Sequence[SavedSearch]:
    """Return the team's saved searches and the user's own, by title."""
    found = [search for item in store.kept(KIND) if (search := _read(item))]
    seen = [search for search in found if search.owner in (None, user)]
    return sorted(seen, key=lambda search: (search.title.casefold(), search.key))


def saved_search(store: Store, key: str, user: str) -> SavedSearch:
    """Return one that a user sees.

    Raises:
        NotFound: there is none, or it is somebody else's own.
    """
    item = store.kept_one(KIND, key)
    search = _read(item) if item else None
    if search is None or search.owner not in (None, user):
        raise NotFound("there is no such saved search of yours or of the team")
    return search


def save_search(store: Store, search: SavedSearch, *, actor: str, now: datetime) -> SavedSearch:
    """Store a search whose `version` is the stored one, once its examples hold.

    Raises:
        InputError: it has no title, a limit is passed, or an example is not met; the message names it.
        NotFound: the one of that key is somebody else's own.
        Conflict: somebody saved another version first.
    """
    title, query = " ".join(search.title.split()), search.query.strip()
    if not title or len(title) > MAX_TITLE:
        raise InputError(f"a saved search's name has 1 to {MAX_TITLE} characters")
    if len(query) > MAX_QUERY:
        raise InputError(f"a query has at most {MAX_QUERY} characters; take a part away")
    _check_examples(search)
    item = store.kept_one(KIND, search.key)
    stored = _read(item) if item else None
    if stored and stored.owner not in (None, actor):
        raise NotFound("there is no such saved search of yours or of the team")
    if stored is None and len(saved_searches(store, actor)) >= MAX_SEARCHES:
        raise InputError(f"there are {MAX_SEARCHES} saved searches already; remove one first")
    body: Mapping[str, object] = {
        "title": title,
        "query": query,
        "sort": search.sort.value,
        "owner": search.owner,
        "must": list(search.must),
        "must_not": list(search.must_not),
        "history": _history(stored),
    }
    kept = Kept(kind=KIND, key=search.key, body=body, by=actor, at=now, version=search.version)
    return _read(store.keep(kept)) or search


def remove_search(store: Store, key: str, *, actor: str, now: datetime) -> None:
    """Take a saved search away; its feeds end with it.

    Raises:
        NotFound: there is none, or it is somebody else's own.
    """
    saved_search(store, key, actor)
    store.drop(KIND, key, actor=actor, now=now)


def _check_examples(search: SavedSearch) -> None:
    for texts in (search.must, search.must_not):
        if len(texts) > MAX_EXAMPLES or any(len(text) > MAX_EXAMPLE for text in texts):
            raise InputError(f"at most {MAX_EXAMPLES} examples of each kind, of {MAX_EXAMPLE:,} characters")
    wrong = [
        each for each in verdicts(parse(search.query).node, search.must, search.must_not) if not each.right
    ]
    if wrong:
        first = wrong[0]
        verb = "does not find" if first.wanted else "finds"
        more = f" ({len(wrong) - 1} more like it)" if len(wrong) > 1 else ""
        raise InputError(f"the query {verb} the example “{first.text[:80]}”{more}; change one of the two")


def _history(stored: SavedSearch | None) -> list[Mapping[str, object]]:
    if stored is None or stored.at is None:
        return []
    last = Earlier(version=stored.version, title=stored.title, query=stored.query, by=stored.by, at=stored.at)
    return [
        {"version": each.version, "title": each.title, "query": each.query, "by": each.by, "at": iso(each.at)}
        for each in (last, *stored.history)[:HISTORY]
    ]


def _read(item: Kept) -> SavedSearch | None:
    """Return a kept thing as a saved search; None for what another version of Earful wrote."""
    body = item.body
    try:
        owner = body["owner"]
        return SavedSearch(
            key=item.key,
            title=str(body["title"]),
            query=str(body["query"]),
            sort=Sort(str(body["sort"])),
            owner=str(owner) if owner else None,
            must=_texts(body["must"]),
            must_not=_texts(body["must_not"]),
            version=item.version,
            by=item.by,
            at=item.at,
            history=_earlier(body["history"]),
        )
    except (KeyError, ValueError, TypeError):
        return None


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _earlier(value: object) -> tuple[Earlier, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(
        Earlier(
            version=int(each["version"]),
            title=str(each["title"]),
            query=str(each["query"]),
            by=str(each["by"]),
            at=datetime.fromisoformat(str(each["at"])),
        )
        for each in value
    )
