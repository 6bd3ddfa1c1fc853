"""What `check()` looks at."""

from __future__ import annotations

import json
from collections.abc import Iterator

import apsw

from core.records import DeadLetter
from core.said import Said
from store.sqlite import ledger
from store.sqlite.connection import Link
from store.sqlite.fresh import Fresh
from store.sqlite.part import Part

#: Each counts rows that must not be there, and says what they are.
ORPHANS = {
    "mentions without a body": "SELECT count(*) FROM mention WHERE docid NOT IN (SELECT docid FROM body)",
    "mentions whose address is not indexed": (
        "SELECT count(*) FROM body WHERE docid NOT IN (SELECT docid FROM address)"
    ),
    "mentions that no watch keeps": (
        "SELECT count(*) FROM mention WHERE docid NOT IN (SELECT docid FROM mention_watch)"
    ),
    "threads without mentions": "SELECT count(*) FROM thread WHERE tid NOT IN (SELECT thread FROM mention)",
    "threads whose count of mentions is wrong": (
        "SELECT count(*) FROM thread t WHERE size <> (SELECT count(*) FROM mention m WHERE m.thread = t.tid)"
    ),
    "figures of the queue that are wrong": (
        "WITH kept AS (SELECT status, waiting, threads FROM tally WHERE threads <> 0), counted AS ("
        "SELECT status, waiting_since IS NOT NULL, count(*) FROM thread WHERE mentions > 0 GROUP BY 1, 2) "
        "SELECT (SELECT count(*) FROM (SELECT * FROM kept EXCEPT SELECT * FROM counted)) "
        "+ (SELECT count(*) FROM (SELECT * FROM counted EXCEPT SELECT * FROM kept))"
    ),
    "copies whose original is missing": (
        "SELECT count(*) FROM mention WHERE duplicate_of IS NOT NULL "
        "AND duplicate_of NOT IN (SELECT docid FROM mention)"
    ),
    "hashes of mentions that are missing": (
        "SELECT count(*) FROM near n WHERE NOT EXISTS "
        "(SELECT 1 FROM mention m WHERE m.docid = n.docid AND m.simhash = n.simhash)"
    ),
    "deleted mentions that still have a text": (
        "SELECT count(*) FROM mention m JOIN body b ON b.docid = m.docid "
        "WHERE m.deleted AND (b.text <> '' OR b.title IS NOT NULL)"
    ),
}
#: The same of fresh hashes, each after its docid.
LOST = """
SELECT count(*) FROM json_each(?) AS n WHERE NOT EXISTS (
    SELECT 1 FROM mention m WHERE m.docid = n.value ->> 0 AND m.simhash = n.value ->> 1
)
"""


class Checks(Part):
    """Look for damage."""

    def dead_letters(self) -> list[DeadLetter]:
        """Return nothing: a table refuses no text that a mention can hold."""
        return []

    def replay(self) -> int:
        """Send nothing once more."""
        return 0

    def scrub_dead_letters(self, said: Said) -> int:
        """Find none."""
        del said
        return 0

    def under_way(self) -> list[str]:
        """Return nothing: a file is brought to a newer form before it opens."""
        return []

    def check(self) -> list[str]:
        """Return what is wrong with the stored data in plain words; empty for nothing."""
        with self.database.write() as link:
            return [*_files(link), *_words(link), *_orphans(link), *_fresh(link), *ledger.faults(link)]


def _files(link: Link) -> Iterator[str]:
    for (found,) in link.connection.execute("PRAGMA integrity_check"):
        if found != "ok":
            yield f"the database file is damaged: {found}"
    broken = list(link.connection.execute("PRAGMA foreign_key_check"))
    if broken:
        yield f"{len(broken)} rows point to rows that are missing, the first in {broken[0][0]}"


def _words(link: Link) -> Iterator[str]:
    try:
        # rank 1 compares the index with the texts themselves.
        link.run("INSERT INTO word (word, rank) VALUES ('integrity-check', 1)")
    except apsw.CorruptError:
        yield "the word index does not agree with the texts; rebuild it with a restore of the last backup"
    try:
        link.run("INSERT INTO address_part (address_part) VALUES ('integrity-check')")
    except apsw.CorruptError:
        yield "the index of addresses is damaged; rebuild it with a restore of the last backup"


def _orphans(link: Link) -> Iterator[str]:
    for what, sql in ORPHANS.items():
        count = link.number(sql)
        if count:
            yield f"{count} {what}"


def _fresh(link: Link) -> Iterator[str]:
    fresh = Fresh(link)
    kept = list(zip(fresh.docids.tolist(), fresh.hashes.tolist(), strict=True))
    lost = link.number(LOST, json.dumps(kept))
    if lost:
        yield f"{lost} fresh hashes of mentions that are missing"
    if len(set(fresh.hashes.tolist())) < len(fresh):
        yield "fresh hashes that stand twice"
