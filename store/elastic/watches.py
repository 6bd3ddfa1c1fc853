"""Watches."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime

from core.errors import Conflict, NotFound
from core.watch import Watch
from store.elastic import facts, ledger, putting
from store.elastic.bulk import Action, Outcome
from store.elastic.documents import Doc
from store.elastic.faults import Json
from store.elastic.ledger import Ledger
from store.elastic.part import Part
from store.elastic.telling import Telling
from store.naming import Naming
from store.watchcodec import watch_to_json

#: Mentions looked at together when a watch changes its brands.
STEP = 1_000


class Watches(Part):
    """Keep watches."""

    ledger: Ledger
    telling: Telling
    registry: facts.Registry

    def watches(self) -> list[Watch]:
        """Return all watches, by id."""
        return list(facts.all_watches(self.documents).values())

    def watch(self, watch_id: str) -> Watch:
        """Return one watch; raises `NotFound`."""
        found = facts.watches(self.documents, [watch_id])
        if watch_id not in found:
            raise NotFound(f"there is no watch {watch_id!r}; see the list of watches")
        return found[watch_id]

    def save_watch(self, watch: Watch, *, actor: str, now: datetime) -> Watch:
        """Store a watch by compare-and-set; raises `Conflict`."""
        doc = self.documents.get(facts.NAME, facts.watch_key(watch.id))
        if doc is not None and doc.body["act"]:
            doc = self._finish_watch(doc)
        stored = facts.watch_of(doc) if doc else None
        if (stored.version if stored else 0) != watch.version:
            raise Conflict("somebody saved this watch first; look at it again", fresh=stored)
        saved = replace(watch, version=watch.version + 1)
        told = ledger.act(
            actor=actor,
            action="watch.save",
            target=f"watch:{saved.id}",
            now=now,
            before=watch_to_json(stored) if stored else {},
            after=watch_to_json(saved),
        )
        renamed = stored is not None and stored.brands != saved.brands
        source = watch_source(saved, told | {"renamed": renamed})
        action = (
            doc.replaced(source) if doc else Action("create", facts.NAME, facts.watch_key(watch.id), source)
        )
        if self.documents.write([action], refresh=True)[0] is not Outcome.DONE:
            raise Conflict("somebody saved this watch first; look at it again", fresh=self.watch(watch.id))
        self.ledger.write(told)
        self._follow(saved.id, renamed=renamed)
        return self.watch(watch.id)

    def _follow(self, watch_id: str, *, renamed: bool) -> None:
        """Name brands anew where they changed, then forget the act."""
        if renamed:
            self._rename(watch_id)

        def told(doc: Doc) -> Json | None:
            return watch_source(facts.watch_of(doc), None)

        self.documents.edit(facts.NAME, [facts.watch_key(watch_id)], told)

    def _finish_watch(self, doc: Doc) -> Doc:
        """Finish what a crashed save left untold."""
        told = doc.body["act"]
        self.ledger.write(told, once=True)
        self._follow(facts.watch_of(doc).id, renamed=told["renamed"])
        return self.documents.get(facts.NAME, doc.id) or doc

    def mend_watches(self) -> None:
        """Finish every save that a crash cut off."""
        for doc in facts.listed(self.documents, "watch"):
            if doc.body["act"]:
                self._finish_watch(doc)

    def _rename(self, watch_id: str) -> None:
        """Work out anew which brands the watch's mentions name, and which labels are wanted."""
        self.server.refresh("mentions")
        known = facts.all_watches(self.documents)
        naming = Naming(known)
        # Queries look brands up by this list; it is written before the mentions that name them.
        self.registry.add(brands=[brand.name for watch in known.values() for brand in watch.brands])
        hits = self.documents.scan("mentions", {"term": {"watches": watch_id}}, [{"id": "asc"}])
        while step := list(itertools.islice(hits, STEP)):
            threads = {hit["_id"]: hit["_source"]["body"]["mention"]["thread_id"] for hit in step}
            changed = putting.rename(self.documents, naming, threads)
            self.telling.refresh_members({threads[one] for one in changed})


def watch_source(watch: Watch, told: Json | None) -> Json:
    """Return a watch's document."""
    return facts.fact(
        "watch", watch.id, {"watch": watch_to_json(watch), "act": told}, pending=told is not None
    )
