"""Watches."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import datetime

from core.errors import Conflict, NotFound
from core.watch import Watch
from store.naming import Naming
from store.sqlite import brands, ledger
from store.sqlite.connection import Link
from store.sqlite.conversations import touch
from store.sqlite.interning import Numbers
from store.sqlite.part import Part
from store.watchcodec import watch_from_text, watch_to_json, watch_to_text

#: Mentions looked at together when a watch changes its brands.
STEP = 1_000


class Watches(Part):
    """Keep watches."""

    def watches(self) -> list[Watch]:
        """Return all watches, by id."""
        with self.database.read() as link:
            return list(brands.watches(link).values())

    def watch(self, watch_id: str) -> Watch:
        """Return one watch; raises `NotFound`."""
        with self.database.read() as link:
            watch = _watch(link, watch_id)
        if watch is None:
            raise NotFound(f"there is no watch {watch_id!r}; see the list of watches")
        return watch

    def save_watch(self, watch: Watch, *, actor: str, now: datetime) -> Watch:
        """Store a watch by compare-and-set; raises `Conflict`."""
        with self.database.write() as link:
            stored = _watch(link, watch.id)
            if (stored.version if stored else 0) != watch.version:
                raise Conflict("somebody saved this watch first; look at it again", fresh=stored)
            saved = replace(watch, version=watch.version + 1)
            link.run(
                "INSERT OR REPLACE INTO watch (id, version, body) VALUES (?, ?, ?)",
                saved.id,
                saved.version,
                watch_to_text(saved),
            )
            # What a reader of the audit sees is what a reader of the store gets.
            saved = _watch(link, watch.id) or saved
            ledger.write(
                link,
                actor=actor,
                action="watch.save",
                target=f"watch:{saved.id}",
                now=now,
                before=watch_to_json(stored) if stored else {},
                after=watch_to_json(saved),
            )
            if stored is not None and stored.brands != saved.brands:
                _rename(link, saved.id)
        return saved


def _watch(link: Link, watch_id: str) -> Watch | None:
    return link.one(watch_from_text, "SELECT body FROM watch WHERE id = ?", watch_id)


KEPT = """
SELECT docid, watch, matched FROM mention_watch
WHERE docid IN (SELECT docid FROM mention_watch WHERE watch = ? AND docid > ? ORDER BY docid LIMIT ?)
ORDER BY docid
"""


def _rename(link: Link, watch_id: str) -> None:
    """Work out anew which brands the watch's mentions name, and which labels are wanted."""
    naming, numbers, last = Naming(brands.watches(link)), Numbers(link), 0
    while True:
        kept: dict[int, dict[str, bool]] = defaultdict(dict)
        for docid, watch, matched in link.rows(lambda *row: row, KEPT, watch_id, last, STEP):
            kept[docid][watch] = bool(matched)
        if not kept:
            return
        changed = [
            docid
            for docid, watches in kept.items()
            if brands.repair(link, naming, numbers.brand, docid, watches, said_anew=False)
        ]
        touch(link, changed)
        last = max(kept)
