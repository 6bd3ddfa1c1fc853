"""Decide by looking at every mention whether a query finds it: slow, plain, and never through an index.

It reads docs/decisions/0010 and 0011 for itself, so that an engine that misreads them is found out.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import snowballstemmer

from core.labels import Labels
from core.query import And, Between, Everything, Last, Match, Node, Not, OneOf, Or, Published, Where, Words
from core.search import Search
from core.thread import Correction, Status, StoredMention, Thread
from core.tokens import token_texts
from store.analysis import STEMMERS
from tests.store.contract.world import World

_stemmers = {code: snowballstemmer.stemmer(name) for code, name in STEMMERS.items()}
_stems: dict[tuple[str, str], str] = {}


def stem(word: str, language: str) -> str:
    if (word, language) not in _stems:
        found = (token_texts(_stemmers[language].stemWord(word)) or [word])[0]
        _stems[word, language] = found if language == "en" else f"{language}|{found}"
    return _stems[word, language]


@functools.cache
def wanted(node: Words) -> tuple[list[str], set[str]]:
    """The tokens of a query's words, and what a single one of them is looked up by."""
    asked = token_texts(node.text)
    return asked, {asked[0], *(stem(asked[0], language) for language in STEMMERS)} if asked else set()


class Brute:
    """Everything a mention is to a search, worked out once."""

    def __init__(self, world: World, stored: StoredMention) -> None:
        self.stored, self.mention, self.world = stored, stored.mention, world
        self.thread: Thread = world.threads[stored.mention.thread_id]
        self.matched = {found.watch_id for found in world.founds[self.mention.id] if not found.context}
        self.watches = [watch for watch in world.watches if watch.id in stored.watches]
        self.language = self._language()
        primary = self.language.split("-")[0]
        self.stemmed = primary if primary in STEMMERS else "en"
        self.tokens = {
            Where.TITLE: token_texts(self.mention.title or ""),
            Where.TEXT: token_texts(self.mention.text),
        }
        self.keys = {
            where: {*tokens, *(stem(token, self.stemmed) for token in tokens)}
            for where, tokens in self.tokens.items()
        }

    def _language(self) -> str:
        products = {watch.product.name for watch in self.watches if watch.id in self.matched}
        ordered = sorted(self.mention.labels, key=lambda labels: (labels.brand not in products, labels.brand))
        said = [labels.language for labels in ordered if labels.language != "und"]
        return _tag(said[0] if said else self.mention.language or "und")

    def says(self, node: Node, search: Search) -> bool:  # noqa: PLR0911 — one per kind of node
        match node:
            case Everything():
                return True
            case And(nodes):
                return all(self.says(child, search) for child in nodes)
            case Or(nodes):
                return any(self.says(child, search) for child in nodes)
            case Not(child):
                return not self.says(child, search)
            case Words():
                return self.words(node)
            case Published(after, before):
                at = self.mention.published_at
                return (after is None or at >= after) and (before is None or at < before)
            case Last(span):
                return self.mention.published_at >= search.now - span
            case Between():
                return any(_inside(node, p) for p in self.churns(node.brand))
            case OneOf():
                return any(self.one(node.field, value, node.brand, search) for value in node.values)

    def words(self, node: Words) -> bool:
        asked, keys = wanted(node)
        places = (Where.TITLE, Where.TEXT) if node.where is Where.ANYWHERE else (node.where,)
        if not asked:
            return False
        if len(asked) > 1 or node.match is Match.PHRASE:
            size = len(asked)
            return any(
                tokens[i : i + size] == asked
                for tokens in (self.tokens[place] for place in places)
                for i in range(len(tokens) - size + 1)
            )
        if node.match is Match.PREFIX:
            return any(token.startswith(asked[0]) for place in places for token in self.tokens[place])
        return any(keys & self.keys[place] for place in places)

    @functools.cache  # noqa: B019 — a judge lives as long as its module
    def toward(self, brand: str | None) -> list[tuple[Labels | None, Correction | None]]:
        """Labels and newest correction of each brand that a field is asked toward."""
        if brand is None:
            names = {watch.product.name for watch in self.watches if watch.id in self.matched}
        else:
            names = {
                one.name
                for watch in self.world.watches
                for one in watch.brands
                if brand.casefold() in (name.casefold() for name in one.names)
            }
            known = {labels.brand for labels in self.mention.labels}
            known |= {correction.brand for correction in self.world.corrections}
            names |= {name for name in known if name.casefold() == brand.casefold()}
        found = []
        for name in names:
            labels = next((labels for labels in self.mention.labels if labels.brand == name), None)
            said = [c for c in self.world.corrections if (c.mention_id, c.brand) == (self.mention.id, name)]
            found.append((labels, max(said, key=lambda c: (c.at, c.by), default=None)))
        return found

    def churns(self, brand: str | None) -> list[float]:
        return [
            p for labels, correction in self.toward(brand) if (p := _churn(labels, correction)) is not None
        ]

    def one(self, field: str, value: str, brand: str | None, search: Search) -> bool:
        # Stored and asked alike: a NUL is a space, a lone surrogate U+FFFD.
        value = value.replace("\x00", " ").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if field in ("is", "has"):
            return self.word(value, search)
        if field in ("sentiment", "churn", "intent"):
            return any(LABELS[field](value, *pair) for pair in self.toward(brand))
        return FIELDS[field](self, value, search)

    def word(self, value: str, search: Search) -> bool:  # noqa: C901, PLR0911 — one per word
        triage = self.thread.triage
        others = self.thread.mentions
        match value:
            case "unanswered":
                return not self.stored.own and not any(
                    other.own
                    and not other.mention.deleted
                    and other.mention.published_at >= self.mention.published_at
                    for other in others
                )
            case "mine":
                return triage.assignee in search.mine
            case "pinned":
                return triage.pinned
            case "duplicate":
                return self.stored.duplicate_of is not None
            case "context":
                return self.stored.context
            case "note":
                return bool(self.thread.notes)
            case "reply":
                return any(o.mention.parent_id == self.mention.id and not o.mention.deleted for o in others)
            case "link":
                return any(part in self.mention.said.lower() for part in ("http://", "https://"))
            case "rating":
                return self.mention.rating is not None
            case "correction":
                return any(c.mention_id == self.mention.id for c in self.world.corrections)
            case _:
                return status(self.thread, search) == value

    def names(self, value: str, *, product: bool) -> bool:
        return any(
            brand in watch.brands_in(self.mention.said) and (brand == watch.product) == product
            for watch in self.watches
            for brand in watch.brands
            if self.means(value, brand.name)
        )

    def means(self, value: str, brand: str) -> bool:
        return brand.casefold() == value.casefold() or any(
            one.name == brand and value.casefold() in (name.casefold() for name in one.names)
            for watch in self.world.watches
            for one in watch.brands
        )

    def is_author(self, value: str) -> bool:
        author = self.mention.author
        keys = [name.casefold().removeprefix("@") for name in (author.handle, author.name, author.id) if name]
        return value.casefold().removeprefix("@") in keys


class Jury:
    """All judges over one world, who remember what each found of every single condition."""

    def __init__(self, judges: Sequence[Brute]) -> None:
        self.judges = judges
        self.everybody = (1 << len(judges)) - 1
        self._living = self._who(lambda judge: not judge.mention.deleted)
        self._matched = self._who(lambda judge: not judge.stored.context)
        #: Condition, moment and user → a bit for each judge that says yes.
        self._said: dict[tuple[Node, datetime, tuple[str, ...]], int] = {}

    def found(self, search: Search) -> list[Brute]:
        """Return the judges of everything that a search finds."""
        mask = self._says(search.node, search) & self._living
        if not _asks_for_context(search.node):
            mask &= self._matched
        return [judge for number, judge in enumerate(self.judges) if mask >> number & 1]

    def _who(self, says: Callable[[Brute], bool]) -> int:
        return sum(1 << number for number, judge in enumerate(self.judges) if says(judge))

    def _says(self, node: Node, search: Search) -> int:
        match node:
            case And(nodes):
                return functools.reduce(operator.and_, (self._says(one, search) for one in nodes))
            case Or(nodes):
                return functools.reduce(operator.or_, (self._says(one, search) for one in nodes))
            case Not(child):
                return self.everybody & ~self._says(child, search)
            case OneOf(values=(_, _, *_)):
                ones = (replace(node, values=(value,)) for value in node.values)
                return functools.reduce(operator.or_, (self._says(one, search) for one in ones))
        key = (node, search.now, tuple(search.mine))
        if key not in self._said:
            self._said[key] = self._who(lambda judge: judge.says(node, search))
        return self._said[key]


def status(thread: Thread, search: Search) -> str:
    triage = thread.triage
    over = triage.snoozed_until is not None and triage.snoozed_until <= search.now
    return "open" if triage.status is Status.SNOOZED and over else triage.status.value


def _tag(language: str) -> str:
    return language.replace("_", "-").lower()


def _lower(text: str) -> str:
    """Only ASCII letters: what `url:` promises."""
    return "".join(c.lower() if c.isascii() else c for c in text)


FIELDS: dict[str, Callable[[Brute, str, Search], bool]] = {
    "author": lambda one, value, _: one.is_author(value),
    "source": lambda one, value, _: one.mention.source == value,
    "lang": lambda one, value, _: f"{one.language}-".startswith(f"{_tag(value)}-"),
    "watch": lambda one, value, _: value in one.stored.watches,
    "product": lambda one, value, _: one.names(value, product=True),
    "rival": lambda one, value, _: one.names(value, product=False),
    "status": lambda one, value, search: status(one.thread, search) == value,
    "assignee": lambda one, value, _: (one.thread.triage.assignee or "").casefold() == value.casefold(),
    "tag": lambda one, value, _: value.casefold() in (tag.casefold() for tag in one.thread.triage.tags),
    "url": lambda one, value, _: _lower(value) in _lower(one.mention.url or ""),
    "thread": lambda one, value, _: one.mention.thread_id == value,
    "stage": lambda *_: False,
    "account": lambda *_: False,
}


def _churn(labels: Labels | None, correction: Correction | None) -> float | None:
    if correction is not None and correction.churn is not None:
        return float(correction.churn)
    return labels.churn.p if labels and labels.churn else None


def _is_churn(value: str, labels: Labels | None, correction: Correction | None) -> bool:
    p = _churn(labels, correction)
    if p is None:
        return False
    if value in ("yes", "no"):
        return (p >= 0.5) == (value == "yes")
    reason = labels.churn.reason if labels and labels.churn else None
    return p >= 0.5 and reason is not None and reason.value == value


def _is_tone(value: str, labels: Labels | None, correction: Correction | None) -> bool:
    if correction is not None and correction.tone is not None:
        return correction.tone == value
    return labels is not None and labels.sentiment is not None and labels.sentiment.tone.value == value


def _is_intent(value: str, labels: Labels | None, _: Correction | None) -> bool:
    return labels is not None and any(name == value and p >= 0.5 for name, p in labels.intents.items())


LABELS = {"churn": _is_churn, "sentiment": _is_tone, "intent": _is_intent}


def _inside(node: Between, p: float) -> bool:
    low = node.low is None or p > node.low or (node.low_counts and p == node.low)
    high = node.high is None or p < node.high or (node.high_counts and p == node.high)
    return low and high


def _asks_for_context(node: Node, *, negated: bool = False) -> bool:
    match node:
        case And(nodes) | Or(nodes):
            return any(_asks_for_context(child, negated=negated) for child in nodes)
        case Not(child):
            return _asks_for_context(child, negated=not negated)
        case OneOf("is", values):
            return "context" in values and not negated
        case _:
            return False
