"""Facets: the commonest values of fields among the hits, all in one pass over them."""

# The SQL here is put together from our own names; every value is bound.
# ruff: noqa: S608

from __future__ import annotations

import json
from collections.abc import Sequence

from core.errors import InputError
from core.search import FacetValue
from store.authors import author_key
from store.sqlite.clause import Clause
from store.sqlite.connection import Link
from store.sqlite.sampling import Sample
from store.verdict import CHURNS, INTENTS, TONES

EFFECTIVE_STATUS = (
    "CASE WHEN t.status = 'snoozed' AND t.snoozed_until <= {now:d} THEN 'open' ELSE t.status END"
)

#: The hits, read once; then by what few values describe, and by thread. CROSS JOIN keeps SQLite from reading
#: whole tables to meet a handful of hits.
TABLES = """
hit AS MATERIALIZED (
    SELECT m.docid, m.thread, m.source, m.author, m.lang, m.tones, m.churns, m.intents {hits}
),
combo AS MATERIALIZED (
    SELECT source, lang, tones, churns, intents, count(*) AS n FROM hit GROUP BY 1, 2, 3, 4, 5
),
talk AS MATERIALIZED (SELECT thread, count(*) AS n FROM hit GROUP BY thread),
desk AS MATERIALIZED (
    SELECT {status} AS status, t.assignee, sum(n) AS n FROM talk CROSS JOIN thread t ON t.tid = talk.thread
    GROUP BY 1, 2
)
"""
#: Each selects a value and how many hits carry it.
SELECTS = {
    "source": "SELECT source.name, sum(n) FROM combo CROSS JOIN source ON source.id = combo.source "
    "GROUP BY 1",
    "lang": "SELECT lang, sum(n) FROM combo GROUP BY lang",
    "author": "SELECT author.shown, sum(n) FROM (SELECT author, count(*) AS n FROM hit GROUP BY author) AS f "
    "CROSS JOIN author ON author.id = f.author WHERE author.shown <> '' GROUP BY 1",
    "status": "SELECT status, sum(n) FROM desk GROUP BY 1",
    "assignee": "SELECT assignee, sum(n) FROM desk WHERE assignee IS NOT NULL GROUP BY 1",
    "tag": "SELECT g.tag, sum(n) FROM talk CROSS JOIN thread_tag g ON g.thread = talk.thread GROUP BY 1",
    "watch": "SELECT k.watch, count(*) FROM hit CROSS JOIN mention_watch k ON k.docid = hit.docid GROUP BY 1",
    "product": "SELECT brand.name, n FROM (SELECT p.brand, count(*) AS n FROM hit "
    "CROSS JOIN pair p ON p.docid = hit.docid WHERE p.names_product GROUP BY 1) AS f "
    "CROSS JOIN brand ON brand.id = f.brand",
    "rival": "SELECT brand.name, n FROM (SELECT p.brand, count(*) AS n FROM hit "
    "CROSS JOIN pair p ON p.docid = hit.docid WHERE p.names_rival GROUP BY 1) AS f "
    "CROSS JOIN brand ON brand.id = f.brand",
}
BITS = {
    "sentiment": ("tones", TONES),
    "churn": ("churns", {"yes": CHURNS["yes"], "no": CHURNS["no"]}),
    "intent": ("intents", INTENTS),
}


def known(fields: Sequence[str]) -> None:
    """Refuse a field that is no facet.

    Raises:
        InputError: there is no such facet.
    """
    unknown = [name for name in fields if name not in SELECTS and name not in BITS]
    if unknown:
        raise InputError(f"there is no facet {unknown[0]!r}; there are {', '.join(sorted(SELECTS | BITS))}")


def facets(
    link: Link, sample: Sample, fields: Sequence[str], *, limit: int, now: int
) -> dict[str, list[FacetValue]]:
    """Return the commonest values of each field among the hits, most first, then by value."""
    found: dict[str, list[FacetValue]] = {name: [] for name in fields}
    if not fields:
        return found
    sql = _statement(sample.source(), list(found), limit, now)
    for name, value, count in link.connection.execute(sql.sql, sql.values):
        if count:
            found[name].append(FacetValue(value=value, count=sample.stands_for(count), exact=sample.exact))
    for values in found.values():
        values.sort(key=lambda value: (-value.count, value.value))
    return found


def still_there(link: Link, authors: Sequence[FacetValue]) -> list[FacetValue]:
    """Return the values of `author` without who was erased since they were counted."""
    asked = json.dumps([author_key(author.value) for author in authors])
    sql = "SELECT DISTINCT key FROM author_key WHERE key IN (SELECT value FROM json_each(?))"
    there = set(link.rows(str, sql, asked))
    return [author for author in authors if author_key(author.value) in there]


def _statement(hits: Clause, fields: Sequence[str], limit: int, now: int) -> Clause:
    selects = [
        f"SELECT * FROM (SELECT '{name}', f.* FROM ({_select(name)}) AS f ORDER BY 3 DESC, 2 LIMIT {limit:d})"
        for name in fields
    ]
    tables = TABLES.replace("{hits}", hits.sql).replace(
        "{status}", EFFECTIVE_STATUS.replace("{now:d}", f"{now:d}")
    )
    sql = f"WITH {tables} {' UNION ALL '.join(selects)}"
    return Clause(sql, hits.values)


def _select(name: str) -> str:
    if name in SELECTS:
        return SELECTS[name]
    column, bits = BITS[name]
    values = ", ".join(f"('{value}', {bit:d})" for value, bit in bits.items())
    counts = f"sum(n * ({column} & b.column2 <> 0))"
    return f"SELECT b.column1, {counts} FROM combo, (VALUES {values}) AS b GROUP BY 1"
