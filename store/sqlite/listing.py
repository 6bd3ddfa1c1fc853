"""Which threads the queue lists for a search, and how many."""

# The SQL here is put together from our own names; every value is bound.
# ruff: noqa: S608

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from core.query import And, Node, Not, OneOf, Or
from core.search import Search
from store.questions import about_thread, parts_of
from store.sqlite import fields
from store.sqlite.clause import Clause, all_of
from store.sqlite.compiling import Compiler
from store.sqlite.connection import Link
from store.sqlite.tally import tallied

#: At most so many threads are looked at one by one for being left out; of more, all mentions are read.
MOST_LEFT_OUT = 50_000
UNANSWERED = OneOf("is", ("unanswered",))
#: What a thread is listed for: matched mentions that are not our own.
MATCHED = Clause("NOT (m.own OR m.context)")

#: Looks up the threads that have a mention which a search finds; None for too many.
Threads = Callable[[Search], list[int] | None]


class Listed:
    """The threads that have at least one matched mention which a search finds."""

    def __init__(self, link: Link, search: Search, threads: Threads | None = None) -> None:
        self.link, self.search = link, search
        parts = parts_of(search.node)
        self.of_thread = [part for part in parts if about_thread(_inner(part))]
        self.rest = tuple(part for part in parts if not about_thread(_inner(part)))
        #: What of the rest takes mentions out: mutes, and words with a `-` before them.
        self.without = tuple(part.node for part in self.rest if isinstance(part, Not))
        self.left_out: list[int] | None = None
        if self.without and len(self.without) + self._asks_unanswered == len(self.rest):
            look_up = threads or partial(threads_of, link)
            self.left_out = look_up(replace(search, node=Or(self.without)))
        self.where = self._where()

    @property
    def _asks_unanswered(self) -> bool:
        return UNANSWERED in self.rest

    def _where(self) -> Clause:
        """Return the condition over `thread t` under which a thread is listed.

        What asks about the thread alone is asked of the thread, so that its indices count; the rest must hold
        for one and the same matched mention of it.
        """
        compiler = Compiler(self.link, self.search)
        where = [Clause("t.listed = 1"), *(_of_thread(compiler, part) for part in self.of_thread)]
        if self._asks_unanswered:
            where.append(Clause("t.waiting_since IS NOT NULL"))
        if not self.rest or self.rest == (UNANSWERED,):
            return all_of(where)
        found = compiler.plan(And(self.rest))
        if self.left_out is None:
            hits = found.source(MATCHED)
            return all_of([*where, Clause(f"t.tid IN (SELECT m.thread {hits.sql})", hits.values)])
        # Most threads have a mention that stays, so each is asked as the list is walked.
        hits = found.source(MATCHED, Clause("m.thread = t.tid"))
        return all_of([*where, Clause(f"EXISTS (SELECT 1 {hits.sql})", hits.values)])

    def total(self) -> int:
        """Return how many threads are listed."""
        known = tallied(self.link, self.search)
        if known is not None:
            return known
        if self.left_out is None:
            return self.link.number(
                f"SELECT count(*) FROM thread t WHERE {self.where.sql}", *self.where.values
            )
        # All that the rest of the search lists, but for those of which every mention is left out.
        kept = (part for part in (*self.of_thread, *self.rest) if not _takes_out(part))
        every = Listed(self.link, replace(self.search, node=And(tuple(kept))))
        gone = self.link.number(
            f"SELECT count(*) FROM json_each(?) AS one CROSS JOIN thread t ON t.tid = one.value "
            f"WHERE ({every.where.sql}) AND ({self.where.sql}) IS NOT TRUE",
            json.dumps(self.left_out),
            *every.where.values,
            *self.where.values,
        )
        return every.total() - gone


def _inner(part: Node) -> Node:
    return part.node if isinstance(part, Not) else part


def _takes_out(part: Node) -> bool:
    return isinstance(part, Not) and not about_thread(part.node)


def _of_thread(compiler: Compiler, part: Node) -> Clause:
    inner = _inner(part)
    if not isinstance(inner, OneOf):
        raise TypeError("only leaves ask about a thread alone")
    asked = fields.thread_condition(compiler, inner)
    return Clause(f"({asked.sql}) IS NOT TRUE", asked.values) if isinstance(part, Not) else asked


def threads_of(link: Link, search: Search) -> list[int] | None:
    """Return the threads with a matched mention that any part of an `Or` finds; None for very many."""
    compiler = Compiler(link, search)
    nodes = search.node.nodes if isinstance(search.node, Or) else (search.node,)
    # One statement each, so that each follows its own index.
    sources = [compiler.plan(node).source(MATCHED) for node in nodes]
    union = " UNION ".join(f"SELECT m.thread {source.sql}" for source in sources)
    values = tuple(value for source in sources for value in source.values)
    found = link.rows(int, f"SELECT DISTINCT * FROM ({union}) LIMIT {MOST_LEFT_OUT + 1:d}", *values)
    return found if len(found) <= MOST_LEFT_OUT else None
