"""What “not about us” teaches: words that stand only in what is not, offered as must-not words of a watch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.errors import InputError
from core.ports import Store
from core.query import And, Node, OneOf
from core.search import QueueSort, Search
from core.thread import ThreadRow
from core.tokens import token_texts
from core.watch import Watch

#: Threads that have to be marked before anything is offered, and how many of them must hold a word.
ENOUGH, HELD = 3, 3
#: Newest threads of either kind that are compared.
LOOKED_AT = 200
MOST = 5
SHORTEST = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Suggestion:
    """A word that would keep such texts away."""

    watch: Watch
    word: str
    #: How many threads that are not about us hold it; none that is about us does.
    threads: int


def suggestions(store: Store, *, now: datetime) -> Sequence[Suggestion]:
    """Return what could be a must-not word of which watch, the most telling first."""
    found = [each for watch in store.watches() for each in _of_watch(store, watch, now)]
    return sorted(found, key=lambda each: (-each.threads, each.word))


def teach(store: Store, watch_id: str, word: str, *, actor: str, now: datetime) -> None:
    """Make a word a must-not word of a watch.

    Raises:
        InputError: there is nothing in it, or it is the product's own name.
        Conflict: somebody saved another version of the watch first.
    """
    watch, word = store.watch(watch_id), " ".join(word.split())
    own = {token for brand in watch.brands for name in brand.names for token in token_texts(name)}
    if not token_texts(word) or set(token_texts(word)) <= own:
        raise InputError("a must-not word is not the name that the watch listens for")
    if word.casefold() not in {each.casefold() for each in watch.must_not}:
        store.save_watch(replace(watch, must_not=(*watch.must_not, word)), actor=actor, now=now)


def _of_watch(store: Store, watch: Watch, now: datetime) -> Sequence[Suggestion]:
    within = OneOf("watch", (watch.id,))
    ignored = _rows(store, And((within, OneOf("is", ("ignored",)))), now)
    wrong = [row for row in ignored if row.triage.not_about_us]
    if len(wrong) < ENOUGH:
        return ()
    others = _rows(store, And((within, OneOf("is", ("open", "waiting", "snoozed", "resolved")))), now)
    right = [*(row for row in ignored if not row.triage.not_about_us), *others]
    if len(right) < ENOUGH:
        return ()
    known = set().union(*_words(store, right))
    known |= {token for brand in watch.brands for name in brand.names for token in token_texts(name)}
    known |= {token for word in watch.must_not for token in token_texts(word)}
    counted = Counter(word for words in _words(store, wrong) for word in words - known)
    telling = [(word, count) for word, count in counted.items() if count >= HELD and len(word) >= SHORTEST]
    best = sorted(telling, key=lambda pair: (-pair[1], pair[0]))[:MOST]
    return [Suggestion(watch=watch, word=word, threads=count) for word, count in best]


def _rows(store: Store, node: Node, now: datetime) -> Sequence[ThreadRow]:
    return store.queue(Search(node=node, now=now), sort=QueueSort.NEW, limit=LOOKED_AT).rows


def _words(store: Store, rows: Sequence[ThreadRow]) -> Iterable[set[str]]:
    """Yield the words of each thread's mentions."""
    for mentions in store.matched([row.id for row in rows]).values():
        yield {word for one in mentions for word in token_texts(one.mention.said) if word.isalpha()}
