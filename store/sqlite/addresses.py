"""Addresses, found by any part of them: an index of their runs of three characters."""

# The SQL here is put together from our own names; every value is bound.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from store.sqlite.clause import Clause, all_of
from store.sqlite.connection import Link

if TYPE_CHECKING:
    from store.sqlite.compiling import Compiler

#: Characters that are looked up together; FTS5's tokenizer `trigram` makes no other runs.
RUN = 3
#: Runs that are looked up of a longer part; its end, because addresses begin alike.
MOST_RUNS = 30
#: Addresses that gather before they are indexed together; until then each search reads them one by one.
GATHERED = 5_000

ADD = "INSERT INTO address (docid) VALUES (?)"
INDEXED = "(SELECT CAST(value AS INTEGER) FROM memo WHERE key = 'addresses')"
GATHER = f"""
INSERT INTO address_part (rowid, url)
SELECT a.number, b.url FROM address a CROSS JOIN body b ON b.docid = a.docid
WHERE a.number > {INDEXED} ORDER BY a.number
"""
NOTE = "UPDATE memo SET value = (SELECT max(number) FROM address) WHERE key = 'addresses'"
#: The addresses that hold all runs of a part, and those that are not indexed yet.
CANDIDATES = f"""
m.docid IN (
    SELECT docid FROM address WHERE number IN (SELECT rowid FROM address_part WHERE address_part MATCH ?)
    UNION ALL SELECT docid FROM address WHERE number > {INDEXED}
)
"""


def add_all(link: Link, docids: Iterable[int]) -> None:
    """Number the addresses of new mentions; index what has gathered."""
    link.many(ADD, [(docid,) for docid in docids])
    if link.number(f"SELECT coalesce(max(number), 0) - {INDEXED} FROM address") > GATHERED:
        link.run(GATHER)
        link.run(NOTE)


def holds(compiler: Compiler, part: str) -> Clause:
    """Return what holds where an address has this part, ASCII letters without case.

    The index is followed where it finds few addresses; more are met while walking through time.
    """
    said = Clause(
        "EXISTS (SELECT 1 FROM body b WHERE b.docid = m.docid AND instr(lower(b.url), lower(?)) > 0)", (part,)
    )
    runs = [part[place : place + RUN] for place in range(len(part) - RUN + 1)]
    if not runs:
        return said
    match = " AND ".join('"' + run.replace('"', '""') + '"' for run in runs[-MOST_RUNS:])
    if not compiler.few("address_part", Clause("address_part MATCH ?", (match,))):
        return said
    return all_of([Clause(CANDIDATES, (match,)), said])
