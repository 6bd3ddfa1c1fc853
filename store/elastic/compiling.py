"""A query's tree into Elasticsearch's own query objects. What each field means: docs/decisions/0011.

Every value stands in a place of its own; no text of a user is ever read as query syntax by the server.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from core.query import And, Between, Everything, Last, Match, Node, Not, OneOf, Or, Published, Where, Words
from core.search import Search
from core.thread import Status
from core.tokens import token_texts
from store.analysis import MARK, query_keys
from store.authors import author_key
from store.codecs import maybe_micros, micros, storable
from store.elastic import facts
from store.elastic.documents import Documents
from store.elastic.faults import Json
from store.elastic.records import BETWEEN, LONGEST, SCALE, ascii_lower, risk_term
from store.questions import about_thread, asks_for_context

NOTHING: Json = {"match_none": {}}
ALL: Json = {"match_all": {}}
EXACT = {Where.ANYWHERE: ("title", "text"), Where.TITLE: ("title",), Where.TEXT: ("text",)}
#: What a hit in each field is worth for relevance.
#: Bytes of the longest keyword that the server takes.
MOST_BYTES = 32_766
WEIGHTS = {"title": 4.0, "text": 1.0, "title_stem": 2.0, "text_stem": 0.5}


def all_of(parts: list[Json]) -> Json:
    """Return what holds where all of `parts` do; what must not hold goes into the same object."""
    wanted = [part for part in parts if part != ALL and not _is_negation(part)]
    unwanted = [one for part in parts if _is_negation(part) for one in part["bool"]["must_not"]]
    if not wanted and not unwanted:
        return ALL
    if len(wanted) == 1 and not unwanted:
        return wanted[0]
    return {"bool": ({"filter": wanted} if wanted else {}) | ({"must_not": unwanted} if unwanted else {})}


def any_of(parts: list[Json]) -> Json:
    """Return what holds where any of `parts` does."""
    kept = [part for part in parts if part != NOTHING]
    if not kept:
        return NOTHING
    return kept[0] if len(kept) == 1 else {"bool": {"should": kept, "minimum_should_match": 1}}


def none_of(part: Json) -> Json:
    """Return what holds where `part` does not."""
    inner = part.get("bool", {})
    if set(inner) == {"should", "minimum_should_match"}:
        return {"bool": {"must_not": inner["should"]}}
    return {"bool": {"must_not": [part]}}


def _is_negation(part: Json) -> bool:
    return set(part.get("bool", {})) == {"must_not"}


def among(name: str, values: list[str]) -> Json:
    """Return what holds where a field has one of `values`; what is longer than a keyword is not stored."""
    kept = [value for value in values if len(value) <= LONGEST or len(value.encode()) <= MOST_BYTES]
    return {"terms": {name: kept}} if kept else NOTHING


@dataclass(slots=True)
class Compiler:
    """Turn one search into queries."""

    registry: facts.Registry
    search: Search

    @property
    def documents(self) -> Documents:
        """The documents that are searched."""
        return self.registry.documents

    def query(self, node: Node | None = None, *extra: Json) -> Json:
        """Return what the search finds; only what stands, and context only where it is asked for."""
        parts: list[Json] = [{"term": {"deleted": False}}, *extra]
        if not asks_for_context(self.search.node):
            parts.append({"term": {"context": False}})
        return all_of([*parts, self.clause(self.search.node if node is None else node)])

    def clause(self, node: Node) -> Json:  # noqa: PLR0911 — one per kind of node
        """Return the condition under which `node` finds a mention, or a thread where it asks about one."""
        match node:
            case Everything():
                return ALL
            case Words():
                return self.words(node)
            case And(nodes):
                return all_of([self.clause(child) for child in nodes])
            case Or(nodes):
                return any_of([self.clause(child) for child in nodes])
            case Not(child):
                return none_of(self.clause(child))
            case Published(after, before):
                return _range("published", gte=maybe_micros(after), lt=maybe_micros(before))
            case Last(span):
                return _range("published", gte=micros(self.search.now - span))
            case Between():
                return self._between(node)
            case OneOf():
                return self._one_of(node)

    def words(self, node: Words, *, scored: bool = False) -> Json:
        """Return the condition of a word, a phrase or a prefix."""
        tokens = token_texts(node.text)
        if not tokens:
            return NOTHING
        places = EXACT[node.where]
        if len(tokens) > 1 or node.match is Match.PHRASE:
            text = " ".join(tokens)
            return any_of(
                [{"match_phrase": {place: {"query": text, "boost": WEIGHTS[place]}}} for place in places]
            )
        if node.match is Match.PREFIX:
            return any_of(
                [{"prefix": {place: {"value": tokens[0], "boost": WEIGHTS[place]}}} for place in places]
            )
        keys = query_keys(tokens[0], self.registry.read("languages"))
        # Keys of other languages than English bear its mark, and stand nowhere but among the stems.
        plain = [keys[0], *(one for one in keys[1:] if MARK not in one)]
        asked = [pair for place in places for pair in ((place, plain), (f"{place}_stem", keys))]
        if scored:
            return any_of(
                [{"match": {name: {"query": " ".join(some), "boost": WEIGHTS[name]}}} for name, some in asked]
            )
        return any_of([{"terms": {name: some}} for name, some in asked])

    def _between(self, node: Between) -> Json:
        """Ask for churn in a range; stored are whole ten-thousandths, so bounds move to the next of these."""
        low, high = Decimal(repr(node.low or 0.0)) * SCALE, node.high
        first = int(low.to_integral_value(ROUND_CEILING))
        first += not node.low_counts and node.low is not None and first == low
        last = SCALE
        if high is not None:
            scaled = Decimal(repr(high)) * SCALE
            last = int(scaled.to_integral_value(ROUND_FLOOR))
            last -= not node.high_counts and last == scaled
        if last < first:
            return NOTHING
        if node.brand is None:
            return _range("risks", gte=first, lte=last)
        return any_of(
            [
                _range(
                    "said",
                    gte=f"{brand}{BETWEEN}{risk_term(first)}",
                    lte=f"{brand}{BETWEEN}{risk_term(last)}",
                )
                for brand in self.brands(node.brand)
            ]
        )

    def _one_of(self, node: OneOf) -> Json:
        if node.field in LABELS:
            return self._labelled(node)
        if node.field in ("is", "has"):
            return any_of([self._word(node.field, value) for value in node.values])
        make = FIELDS.get(node.field)
        # Stages and accounts are asked legally already; nobody has one yet.
        return make(self, [storable(value) for value in node.values]) if make else NOTHING

    def _labelled(self, node: OneOf) -> Json:
        name, prefix = LABELS[node.field]
        if node.brand is None:
            return among(name, list(node.values))
        brands = self.brands(node.brand)
        return among(
            "said", [f"{brand}{BETWEEN}{prefix}:{value}" for brand in brands for value in node.values]
        )

    def _word(self, name: str, value: str) -> Json:
        if value in tuple(Status):
            return self.status(value)
        if value == "mine":
            return among("assignee", [storable(name)[:LONGEST] for name in self.search.mine])
        if value == "unanswered":
            return {"bool": {"filter": [{"term": {"unanswered": True}}, {"term": {"own": False}}]}}
        if value == "duplicate":
            return {"exists": {"field": "duplicate_of"}}
        known = WORDS.get((name, value))
        return {"term": {known: True}} if known else NOTHING

    def status(self, value: str) -> Json:
        """Ask for a status; a snooze whose time has come counts as open."""
        now = micros(self.search.now)
        over = all_of([{"term": {"status": "snoozed"}}, _range("snoozed_until", lte=now)])
        if value == Status.OPEN:
            return any_of([{"term": {"status": "open"}}, over])
        if value == Status.SNOOZED:
            return all_of([{"term": {"status": "snoozed"}}, none_of(_range("snoozed_until", lte=now))])
        return {"term": {"status": value}}

    def brands(self, name: str) -> list[str]:
        """Return the brands that a name means: those called so, and those that a watch calls so."""
        asked = storable(name).casefold()
        meant = {
            brand.name
            for watch in facts.all_watches(self.documents).values()
            for brand in watch.brands
            if asked in (one.casefold() for one in brand.names)
        }
        known = self.registry.read("brands")
        return sorted(brand for brand in known if brand in meant or brand.casefold() == asked)

    def named(self, field_name: str, values: list[str]) -> Json:
        """Return what holds where a text names one of the brands that `values` mean."""
        return among(field_name, sorted({brand for value in values for brand in self.brands(value)}))

    def about_threads(self, node: Node) -> bool:
        """Tell whether a leaf asks about the thread alone."""
        return about_thread(node)


def _range(name: str, **bounds: int | str | None) -> Json:
    return {"range": {name: {end: value for end, value in bounds.items() if value is not None}}}


LABELS = {
    "sentiment": ("tones", "tone"),
    "churn": ("churns", "churn"),
    "intent": ("intents", "intent"),
}
WORDS = {
    ("is", "pinned"): "pinned",
    ("is", "context"): "context",
    ("has", "note"): "noted",
    ("has", "reply"): "replied",
    ("has", "link"): "linked",
    ("has", "rating"): "rated",
    ("has", "correction"): "corrected",
}


#: The longest part of an address that one wildcard surely finds within the server's effort, and how many
#: mentions are looked at for a longer one.
PIECE, LOOK = 130, 10_000


def _languages(_: Compiler, values: list[str]) -> Json:
    """`en` finds `en-us` too; `en-us` only itself."""
    asked = [value.replace("_", "-").lower() for value in values]
    # No tag of a language is longer than a piece; the server refuses prefixes over 1,000 characters.
    begun: list[Json] = [{"prefix": {"lang": f"{one}-"}} for one in asked if len(one) <= PIECE]
    return any_of([among("lang", asked), *begun])


def _urls(compiler: Compiler, values: list[str]) -> Json:
    """Any part of the address, ASCII letters without case; reads every address, so it is slow on its own."""
    return any_of([_url(compiler, ascii_lower(value)) for value in values if len(value) <= LONGEST])


def _url(compiler: Compiler, part: str) -> Json:
    """Ask for a part of an address; for a very long one those are looked at that hold each of its pieces."""
    pieces = [part[start : start + PIECE] for start in range(0, len(part), PIECE)]
    query = all_of([{"wildcard": {"url": {"value": f"*{_escaped(piece)}*"}}} for piece in pieces])
    if len(pieces) < 2:  # noqa: PLR2004 — one piece is the part itself
        return query
    compiler.documents.server.fresh("mentions")
    hits = compiler.documents.scan("mentions", query, [{"id": "asc"}], limit=LOOK, fields=["url"])
    return {"ids": {"values": [hit["_id"] for hit in hits if part in hit["fields"]["url"][0]]}}


def _escaped(text: str) -> str:
    return "".join(f"\\{character}" if character in "\\*?" else character for character in text)


def _folded(name: str) -> Callable[[Compiler, list[str]], Json]:
    return lambda _, values: among(name, [value.casefold()[:LONGEST] for value in values])


def _plain(name: str) -> Callable[[Compiler, list[str]], Json]:
    return lambda _, values: among(name, values)


FIELDS: dict[str, Callable[[Compiler, list[str]], Json]] = {
    "author": lambda _, values: among("author_keys", [author_key(value)[:LONGEST] for value in values]),
    "source": _plain("source"),
    "lang": _languages,
    "watch": _plain("watches"),
    "url": _urls,
    "product": lambda compiler, values: compiler.named("names_product", values),
    "rival": lambda compiler, values: compiler.named("names_rival", values),
    "status": lambda compiler, values: any_of([compiler.status(value) for value in values]),
    "assignee": _folded("assignee_key"),
    "tag": _folded("tag_keys"),
    "thread": _plain("thread"),
}
