"""Every generated query finds exactly what looking at every mention finds."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from core.clock import SetClock
from core.labels import ChurnReason, Intent, Tone
from core.ports import Store
from core.query import And, Node
from core.query_fields import HAS_VALUES, IS_VALUES, STAGES
from core.query_parser import parse
from core.search import Count, FacetValue, QueueSort, Search, Sort
from core.thread import Status, StoredMention
from store import open_store
from tests.builders import NOW
from tests.store.contract.brute import Brute, Jury, status
from tests.store.contract.world import SOURCES, TAGS, USERS, World, build

#: Of an engine in a file and of one behind HTTP, where each question is a request.
QUERIES = int(os.environ.get("EARFUL_QUERIES", "10000"))
QUERIES_BY_HTTP = int(os.environ.get("EARFUL_QUERIES", "1600"))
PARTS = 8


@dataclass
class Filled:
    """A store, what is in it, and who judges it."""

    store: Store
    world: World
    jury: Jury
    queries: int

    def expected(self, search: Search) -> list[StoredMention]:
        found = [judge.stored for judge in self.jury.found(search)]
        return sorted(found, key=lambda s: (s.mention.published_at, s.mention.id), reverse=True)


@pytest.fixture(scope="module")
def filled(shared_address: str) -> Iterator[Filled]:
    store = open_store(shared_address, clock=SetClock(NOW))
    world = build(store)
    number = QUERIES if shared_address.startswith("sqlite") else QUERIES_BY_HTTP
    yield Filled(store, world, Jury([Brute(world, stored) for stored in store.mentions()]), number)
    store.close()


class Maker:
    """Make queries as people, and people with bad keyboards, write them."""

    def __init__(self, seed: int, words: list[str]) -> None:
        self.rnd = random.Random(seed)
        self.words = words

    def query(self, depth: int = 0) -> str:
        rnd = self.rnd
        roll = rnd.random()
        if roll < 0.35 and depth < 4:
            between = rnd.choice((" ", " ", " OR ", " AND "))
            inner = between.join(self.query(depth + 1) for _ in range(rnd.choice((2, 2, 3))))
            return f"({inner})" if depth or rnd.random() < 0.3 else inner
        if roll < 0.5:
            return f"{rnd.choice(('-', '-', 'NOT '))}{self.query(depth + 1)}"
        return self.word() if roll < 0.72 else self.field()

    def word(self) -> str:
        rnd = self.rnd
        word = rnd.choice(self.words)
        where = rnd.choice(("", "", "", "title:", "text:"))
        match rnd.randrange(5):
            case 0:
                return f'{where}"{word} {rnd.choice(self.words)}"'
            case 1:
                return f"{where}{word[: rnd.randrange(1, 5)]}*"
            case 2:
                at = rnd.randrange(len(self.words) - 3)
                return f'{where}"{" ".join(self.words[at : at + 2])}"'
            case _:
                return where + word

    def field(self) -> str:
        rnd = self.rnd
        brand = rnd.choice(("", "", "@Globex", "@acme", '@"Globex Corp"', "@nobody"))
        day = (NOW - timedelta(days=rnd.randrange(90))).date()
        makers = (
            lambda: f"is:{self.some(IS_VALUES)}",
            lambda: f"is:{rnd.choice(('context', 'unanswered', 'open'))}",
            lambda: f"has:{self.some(HAS_VALUES)}",
            lambda: f"status:{self.some([one.value for one in Status])}",
            lambda: f"sentiment{brand}:{self.some([tone.value for tone in Tone])}",
            lambda: f"churn{brand}:{self.some(['yes', 'no', *(one.value for one in ChurnReason)])}",
            lambda: f"churn{brand}:{rnd.choice(('>', '>=', '<', '<='))}{rnd.choice((0, 0.3, 0.5, 0.7, 1))}",
            lambda: f"churn{brand}:[{rnd.choice(('*', '0.3', '0.5'))} TO {rnd.choice(('*', '0.7', '1'))}]",
            lambda: f"intent{brand}:{self.some([one.value for one in Intent])}",
            lambda: f"source:{self.some([*SOURCES, 'absent'])}",
            lambda: (
                f"author:{self.some(['ada', 'BOB', '@bob', 'u1', 'ünal', '@chen', 'acmehelp', 'Ünal Çelik'])}"
            ),
            lambda: f"lang:{self.some(['en', 'EN-us', 'de', 'und', 'ja'])}",
            lambda: f"watch:{self.some(['acme', 'globex', 'none'])}",
            lambda: f"product:{self.some(['acme', 'GLOBEX', 'Globex Corp', 'Initech'])}",
            lambda: f"rival:{self.some(['acme', 'Globex', 'initech', 'x'])}",
            lambda: f"assignee:{self.some([*USERS, 'BJÖRN', 'none'])}",
            lambda: f"tag:{self.some([*TAGS, 'VIP', 'none'])}",
            lambda: f"url:{self.some(['item_1', '%', 'X.EXAMPLE', '_', 'é'])}",
            lambda: f"after:{day}",
            lambda: f"before:{day}",
            lambda: f"last:{rnd.choice(('3h', '2d', '1w', '2m', '1y'))}",
            lambda: f"stage:{self.some(STAGES)}",
            lambda: "account:anyone",
        )
        return rnd.choice(makers)()

    def some(self, values: list[str] | tuple[str, ...]) -> str:
        chosen = self.rnd.sample(list(values), self.rnd.choice((1, 1, 1, 2)))
        return ",".join(f'"{value}"' if " " in value else value for value in chosen)


def queries(filled: Filled, part: int) -> Iterator[tuple[str, Node, random.Random]]:
    maker = Maker(part, filled.world.words)
    for _ in range(filled.queries // PARTS):
        written = maker.query()
        yield written, parse(written).node, maker.rnd


@pytest.mark.parametrize("part", range(PARTS))
def test_every_query_finds_what_looking_at_everything_finds(filled: Filled, part: int) -> None:
    for number, (written, node, rnd) in enumerate(queries(filled, part)):
        search = Search(node=node, now=NOW, mine=("ada",))
        expected = [stored.mention.id for stored in filled.expected(search)]
        sort = Sort.NEW if number % 4 else rnd.choice(list(Sort))
        # Reading hits costs more than finding them: the first ones and the number of all tell the same.
        limit = 1_000 if number % 20 == 0 else 10
        page = filled.store.search(search, sort=sort, limit=limit)
        found = [hit.stored.mention.id for hit in page.hits]
        assert filled.store.count(search).value == len(expected), written
        if sort is Sort.NEW:
            assert found == expected[:limit], written
        elif sort is Sort.OLD:
            assert found == expected[::-1][:limit], written
        else:
            assert set(found) <= set(expected), written
            assert len(found) == min(limit, len(expected)), written


def some_searches(filled: Filled, seed: int, number: int) -> Iterator[tuple[str, Search, random.Random]]:
    maker = Maker(seed, filled.world.words)
    for _ in range(number):
        written = maker.query()
        yield written, Search(node=parse(written).node, now=NOW, mine=("ada",)), maker.rnd


def test_pages_together_are_the_whole(filled: Filled) -> None:
    for written, search, rnd in some_searches(filled, 100, 60):
        for sort in Sort:
            whole = [h.stored.mention.id for h in filled.store.search(search, sort=sort, limit=1_000).hits]
            found: list[str] = []
            after, size = None, rnd.randrange(1, 40)
            while True:
                page = filled.store.search(search, sort=sort, limit=size, after=after)
                found += [hit.stored.mention.id for hit in page.hits]
                after = page.next
                if after is None:
                    break
            assert found == whole, (written, sort, size)


def test_risk_sorts_by_churn_then_time(filled: Filled) -> None:
    judges = {judge.mention.id: judge for judge in filled.jury.judges}
    for written, search, _ in some_searches(filled, 101, 200):
        found = [h.stored.mention.id for h in filled.store.search(search, sort=Sort.RISK, limit=1_000).hits]
        keys = [(max(judges[i].churns(None), default=-1.0), judges[i].mention.published_at, i) for i in found]
        assert keys == sorted(keys, reverse=True), written


def facet_values(  # noqa: C901, PLR0911 — one per facet
    judge: Brute, name: str, search: Search
) -> set[str]:
    stored, triage = judge.stored, judge.thread.triage
    author = judge.mention.author
    match name:
        case "source":
            return {judge.mention.source}
        case "lang":
            return {judge.language}
        case "watch":
            return set(stored.watches)
        case "status":
            return {status(judge.thread, search)}
        case "assignee":
            return {triage.assignee} if triage.assignee else set()
        case "tag":
            return set(triage.tags)
        case "author":
            shown = author.handle or author.name or author.id
            return {shown} if shown else set()
        case "product" | "rival":
            brands = {brand.name for watch in judge.watches for brand in watch.brands}
            return {brand for brand in brands if judge.one(name, brand, None, search)}
        case "sentiment":
            return {tone.value for tone in Tone if judge.one(name, tone.value, None, search)}
        case "churn":
            return {value for value in ("yes", "no") if judge.one(name, value, None, search)}
        case _:
            return {intent.value for intent in Intent if judge.one(name, intent.value, None, search)}


FACETS = (
    *("source", "product", "rival", "sentiment", "churn", "intent"),
    *("lang", "status", "assignee", "tag", "author", "watch"),
)


def test_facets_count_what_looking_counts(filled: Filled) -> None:
    for written, search, rnd in some_searches(filled, 102, 200):
        limit = rnd.choice((1, 3, 20))
        found = filled.store.facets(search, FACETS, limit=limit)
        judges = filled.jury.found(search)
        for name in FACETS:
            counts = Counter(value for judge in judges for value in facet_values(judge, name, search))
            ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:limit]
            assert found[name] == [FacetValue(value=v, count=n) for v, n in ordered], (written, name)


def test_parts_of_a_search_are_counted_as_each_alone(filled: Filled) -> None:
    others = some_searches(filled, 106, 600)
    for written, search, rnd in some_searches(filled, 105, 200):
        parts = [next(others) for _ in range(rnd.randrange(4))]
        within = {judge.mention.id for judge in filled.jury.found(search)}
        both = [filled.jury.found(replace(search, node=And((search.node, one.node)))) for _, one, _ in parts]
        counts = filled.store.counts(search, [one.node for _, one, _ in parts])
        expected = [Count(value=len(within & {judge.mention.id for judge in each})) for each in both]
        assert counts == expected, (written, [part for part, *_ in parts])


def test_histograms_count_what_looking_counts(filled: Filled) -> None:
    for written, search, rnd in some_searches(filled, 103, 200):
        step = timedelta(hours=rnd.choice((1, 7, 24, 100)))
        start = NOW - timedelta(days=rnd.randrange(1, 90), seconds=rnd.randrange(1000))
        end = start + step * rnd.randrange(0, 40) + timedelta(minutes=rnd.choice((0, 5)))
        buckets = filled.store.histogram(search, step=step, start=start, end=end)
        assert len(buckets) == -((start - end) // step)
        judges = filled.jury.found(search)
        for number, bucket in enumerate(buckets):
            assert bucket.start == start + number * step
            to = min(end, bucket.start + step)
            inside = [judge for judge in judges if bucket.start <= judge.mention.published_at < to]
            tones = Counter(tone for judge in inside for tone in facet_values(judge, "sentiment", search))
            assert (bucket.count, dict(bucket.tones)) == (len(inside), dict(tones)), written


def test_the_queue_holds_the_threads_of_matched_hits(filled: Filled) -> None:
    for written, search, rnd in some_searches(filled, 104, 400):
        expected = {
            judge.mention.thread_id
            for judge in filled.jury.found(search)
            if not judge.stored.context and not judge.stored.own
        }
        sort = rnd.choice(list(QueueSort))
        size = rnd.choice((7, 50, 1_000))
        after, found = None, list[str]()
        while True:
            page = filled.store.queue(search, sort=sort, limit=size, after=after)
            assert page.total.value == len(expected), written
            found += [row.id for row in page.rows]
            after = page.next
            if after is None:
                break
        assert sorted(found) == sorted(expected), (written, sort)
        pinned = [filled.world.threads[thread_id].triage.pinned for thread_id in found]
        assert pinned == sorted(pinned, reverse=True), written
