"""A query's tree into SQL over `mention m`. What each field means stands in docs/decisions/0011.

Every condition is true, false or NULL, and NULL counts as false: `-x` is `(x) IS NOT TRUE`.
"""

# The SQL here is put together from our own names; every value is bound.
# ruff: noqa: S608

from __future__ import annotations

from dataclasses import dataclass, field

from core.query import And, Between, Everything, Last, Match, Node, Not, OneOf, Or, Published, Words, leaves
from core.search import Search
from core.watch import Watch
from store.codecs import micros
from store.questions import asks_for_context
from store.sqlite import brands, fields, matching
from store.sqlite.clause import FALSE, TRUE, Clause, all_of, any_of
from store.sqlite.connection import Link
from store.sqlite.docids import first_docid, last_docid
from store.sqlite.language import stem_languages
from store.sqlite.reaching import guessed, reached

#: At most so many rows are looked up by an index first; more are met while walking through time.
NARROW = 5_000
#: Of an author with at most so many mentions it is asked first who wrote something, then what.
FEW = 500
#: Walking over so many mentions that say certain words costs what asking one mention for them does, 0.07 ms.
WALKED = 800
#: So many are met to guess how many say certain words.
PROBE = 2_000
SAYS = "EXISTS (SELECT 1 FROM word WHERE word MATCH ? AND word.rowid = m.docid)"


@dataclass(slots=True)
class Plan:
    """How the mentions that a search finds are read: along the word index, or along `mention`."""

    #: Asked of FTS5, which then hands out hits in order of docid; None where no word must stand.
    match: str | None
    where: Clause
    #: Bounds of docid, from the time ranges that must hold.
    lowest: int | None = None
    highest: int | None = None

    @property
    def place(self) -> str:
        """The expression whose order is the order of time."""
        return "word.rowid" if self.match is not None else "m.docid"

    def source(self, *extra: Clause) -> Clause:
        """Return `FROM … WHERE …`."""
        conditions = [self.where, *extra]
        if self.lowest is not None:
            conditions.append(Clause(f"{self.place} >= ?", (self.lowest,)))
        if self.highest is not None:
            conditions.append(Clause(f"{self.place} <= ?", (self.highest,)))
        if self.match is None:
            where = all_of(conditions)
            return Clause(f"FROM mention m WHERE {where.sql}", where.values)
        where = all_of([Clause("word MATCH ?", (self.match,)), *conditions])
        return Clause(
            f"FROM word CROSS JOIN mention m ON m.docid = word.rowid WHERE {where.sql}", where.values
        )


@dataclass(slots=True)
class Compiler:
    """Turn one search into SQL."""

    link: Link
    search: Search
    languages: tuple[str, ...] = field(init=False)
    _watches: dict[str, Watch] | None = None

    def __post_init__(self) -> None:
        """Look up which languages the word index holds."""
        self.languages = stem_languages(self.link)

    @property
    def watches(self) -> dict[str, Watch]:
        """All watches; read once, and only where a brand is asked for."""
        if self._watches is None:
            self._watches = brands.watches(self.link)
        return self._watches

    def plan(self, node: Node | None = None, *, ranked: bool = False) -> Plan:
        """Return how to read what the search finds; only what is stored, and context only where asked for.

        `ranked` hits are read along the word index in any case, which knows how well they match.
        """
        node = self.search.node if node is None else node
        base = [Clause("NOT m.deleted")]
        if not asks_for_context(self.search.node):
            base.append(Clause("NOT m.context"))
        parts = node.nodes if isinstance(node, And) else (node,)
        match, rest = self._along_words(parts)
        where = [*base, *(self.clause(part) for part in rest)]
        author = self._of_few(rest) if match is not None and not ranked else None
        if author is not None and self._asked_each(author, match):
            where.append(Clause(SAYS, (match,)))
            match = None
        elif author is not None:
            where.append(
                Clause(f"+word.rowid IN (SELECT docid FROM mention m WHERE {author.sql})", author.values)
            )
        plan = Plan(match, all_of(where))
        for part in parts:
            self._bound(plan, part)
        return plan

    def _along_words(self, parts: tuple[Node, ...]) -> tuple[str | None, list[Node]]:
        """Split what must hold into one FTS5 expression and the rest."""
        wanted = [part for part in parts if matching.expression(part, self.languages) is not None]
        if not wanted:
            return None, list(parts)
        unwanted = [
            part
            for part in parts
            if isinstance(part, Not) and matching.expression(part.node, self.languages) is not None
        ]
        match = matching.conjunction([*wanted, *unwanted], self.languages)
        return match, [part for part in parts if part not in wanted and part not in unwanted]

    def _of_few(self, parts: list[Node]) -> Clause | None:
        """Return the condition on an author that is asked for, of few mentions."""
        for part in parts:
            if isinstance(part, OneOf) and part.field == "author":
                author = self.clause(part)
                if self.few("mention m", author, FEW):
                    return author
        return None

    def _asked_each(self, author: Clause, match: str | None) -> bool:
        """Tell whether asking each of an author's mentions for words costs less than following the words.

        What begins so would be gathered from all words anew for each of them.
        """
        asked = leaves(self.search.node)
        if any(isinstance(leaf, Words) and leaf.match is Match.PREFIX for leaf in asked):
            return False
        mentions = self.link.number(f"SELECT count(*) FROM mention m WHERE {author.sql}", *author.values)
        source = Clause("FROM word WHERE word MATCH ?", (match,))
        said = reached(self.link, "rowid", source, PROBE)
        return said.hits == PROBE and guessed(self.link, said) > mentions * WALKED

    def _bound(self, plan: Plan, part: Node) -> None:
        """Narrow the plan to the seconds in which `part` lies."""
        match part:
            case Published(after, before):
                if after is not None:
                    plan.lowest = max(plan.lowest or 0, first_docid(micros(after)))
                if before is not None:
                    highest = last_docid(micros(before))
                    plan.highest = highest if plan.highest is None else min(plan.highest, highest)
            case Last(span):
                plan.lowest = max(plan.lowest or 0, first_docid(micros(self.search.now - span)))
            case _:
                pass

    def clause(self, node: Node) -> Clause:  # noqa: PLR0911 — one per kind of node
        """Return the condition under which `node` finds a mention."""
        match node:
            case Everything():
                return TRUE
            case Words():
                return self._words(node)
            case And(nodes):
                return all_of([self.clause(child) for child in nodes])
            case Or(nodes):
                return any_of([self.clause(child) for child in nodes])
            case Not(child):
                inner = self.clause(child)
                return Clause(f"({inner.sql}) IS NOT TRUE", inner.values)
            case Published() | Last():
                return self._published(node)
            case Between():
                return fields.between(self, node)
            case OneOf():
                return fields.one_of(self, node)

    def _words(self, node: Words) -> Clause:
        match = matching.expression(node, self.languages)
        if match is None:
            return FALSE
        return Clause("m.docid IN (SELECT rowid FROM word WHERE word MATCH ?)", (match,))

    def _published(self, node: Published | Last) -> Clause:
        if isinstance(node, Last):
            return Clause("m.published >= ?", (micros(self.search.now - node.span),))
        parts = []
        if node.after is not None:
            parts.append(Clause("m.published >= ?", (micros(node.after),)))
        if node.before is not None:
            parts.append(Clause("m.published < ?", (micros(node.before),)))
        return all_of(parts)

    def few(self, table: str, where: Clause, limit: int = NARROW) -> bool:
        """Tell whether at most `limit` rows of `table` hold, so that an index on them is worth following."""
        sql = f"SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {where.sql} LIMIT {limit + 1:d})"
        return self.link.number(sql, *where.values) <= limit
