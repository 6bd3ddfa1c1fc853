"""Labels: the list of what is to be labelled, and the answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from core.clock import iso
from core.thread import Correction
from core.work import Answer, Unlabelled
from store.codecs import labels_from_text, labels_to_text, micros, moment
from store.sqlite import brands, ledger, loading
from store.sqlite.connection import Link
from store.sqlite.conversations import touch
from store.sqlite.interning import Numbers
from store.sqlite.language import recognise
from store.sqlite.mentions import docid_of
from store.sqlite.part import Part
from store.verdict import verdict

# By answer first, so that the index hands out the newest of each group without sorting the backlog.
DUE = """
SELECT docid, brand FROM pair
WHERE wanted = 1 AND answer = ? AND (lease_until IS NULL OR lease_until <= ? OR lease_owner = ?)
ORDER BY docid DESC LIMIT ?
"""
LEASE = """
UPDATE pair SET lease_owner = ?, lease_until = ?, lease_model = ? WHERE docid = ? AND brand = ?
"""
STORE_LABELS = """
UPDATE pair SET labels = ?, answer = ?, lease_owner = NULL, lease_until = NULL, lease_model = NULL
WHERE docid = ? AND brand = ?
"""
STORE_VERDICT = """
UPDATE pair SET risk = ?, tones = ?, churns = ?, intents = ? WHERE docid = ? AND brand = ?
"""
NEWEST_CORRECTION = """
SELECT m.id, brand.name, c.by, c.at, c.tone, c.churn
FROM correction c JOIN brand ON brand.id = c.brand JOIN mention m ON m.docid = c.docid
WHERE c.docid = ? AND c.brand = ? ORDER BY c.at DESC, c.by DESC LIMIT 1
"""


class _Due(NamedTuple):
    docid: int
    brand: int


class Labels(Part):
    """Be the list of what is to be labelled, and keep the answers."""

    def lease_unlabelled(
        self, model: str, *, limit: int, owner: str, lease: timedelta, now: datetime
    ) -> list[Unlabelled]:
        """Claim pairs that have no answer of `model`, newest first; its own owner may claim a pair again."""
        with self.database.write() as link:
            number = Numbers(link).model(model)
            due = [
                pair
                for answer in _other_answers(link, number)
                for pair in link.rows(_Due, DUE, answer, micros(now), owner, limit)
            ]
            due = sorted(due, key=lambda pair: (-pair.docid, pair.brand))[:limit]
            until = micros(now + lease)
            link.many(LEASE, [(owner, until, number, *pair) for pair in due])
            return _unlabelled(link, due)

    def put_labels(self, answers: Sequence[Answer], *, now: datetime) -> int:
        """Store answers and end their leases; return how many were stored."""
        del now  # the port's; nothing here needs the time
        docids: set[int] = set()
        stored = 0
        with self.database.write() as link:
            numbers = Numbers(link)
            for answer in answers:
                docid = link.number(
                    "SELECT docid FROM mention WHERE id = ? AND revision = ? AND NOT deleted",
                    answer.mention_id,
                    answer.revision,
                )
                if docid:
                    _store(link, numbers, docid, answer)
                    docids.add(docid)
                    stored += 1
            _settle(link, docids)
        return stored

    def backlog(self, model: str) -> int:
        """Return how many pairs have no answer of `model`."""
        with self.database.read() as link:
            # A model that nobody knows yet has answered nothing, not even with 0, which stands for no answer.
            number = link.number("SELECT id FROM model WHERE name = ?", model) or -1
            return link.number("SELECT count(*) FROM pair WHERE wanted = 1 AND answer <> ?", number)

    def correct(self, correction: Correction) -> None:
        """Store a person's word against a label."""
        with self.database.write() as link:
            docid = docid_of(link, correction.mention_id)
            brand = Numbers(link).brand(correction.brand)
            before = link.number("SELECT count(*) FROM correction WHERE docid = ?", docid)
            link.run(
                "INSERT OR IGNORE INTO correction (docid, brand, at, by, tone, churn) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                docid,
                brand,
                micros(correction.at),
                correction.by,
                correction.tone,
                correction.churn,
            )
            if link.number("SELECT count(*) FROM correction WHERE docid = ?", docid) == before:
                return
            link.run("INSERT OR IGNORE INTO pair (docid, brand) VALUES (?, ?)", docid, brand)
            judge(link, docid, brand, correction.brand)
            _settle(link, {docid})
            ledger.write(
                link,
                actor=correction.by,
                action="label.correct",
                target=f"mention:{correction.mention_id}",
                now=correction.at,
                after={
                    "brand": correction.brand,
                    "tone": correction.tone,
                    "churn": correction.churn,
                    "at": iso(correction.at),
                },
            )


def _other_answers(link: Link, model: int) -> list[int]:
    return [0, *link.rows(int, "SELECT id FROM model WHERE id <> ?", model)]


WATCH_OF = """
SELECT watch FROM mention_watch WHERE docid = ? AND matched = 1 ORDER BY watch
"""


def _unlabelled(link: Link, due: Sequence[_Due]) -> list[Unlabelled]:
    rows = loading.stored(link, loading.rows(link, {pair.docid for pair in due}))
    watches = brands.watches(link)
    names = dict(link.rows(lambda number, name: (int(number), str(name)), "SELECT id, name FROM brand"))
    found = []
    for pair in due:
        stored, brand = rows[pair.docid], names[pair.brand]
        asking = [watches[watch] for watch in link.rows(str, WATCH_OF, pair.docid) if watch in watches]
        asking = [watch for watch in asking if any(brand == one.name for one in watch.brands)]
        asking.sort(key=lambda watch: (watch.product.name != brand, watch.id))
        found.append(
            Unlabelled(
                mention=stored.mention,
                revision=stored.revision,
                brand=brand,
                watch_id=asking[0].id if asking else stored.watches[0],
            )
        )
    return found


def _store(link: Link, numbers: Numbers, docid: int, answer: Answer) -> None:
    labels = answer.labels
    brand = numbers.brand(labels.brand)
    link.run("INSERT OR IGNORE INTO pair (docid, brand) VALUES (?, ?)", docid, brand)
    model = numbers.model(labels.model)
    if labels.not_labelled is not None:
        # A refusal may carry the name of the rule that refused; it answers for the model that asked.
        asked = link.number("SELECT lease_model FROM pair WHERE docid = ? AND brand = ?", docid, brand)
        model = asked or model
    link.run(STORE_LABELS, labels_to_text(labels), model, docid, brand)
    judge(link, docid, brand, labels.brand)


def judge(link: Link, docid: int, brand: int, name: str) -> None:
    """Work out anew what counts toward a brand."""
    text = link.one(
        lambda labels: labels, "SELECT labels FROM pair WHERE docid = ? AND brand = ?", docid, brand
    )
    labels = labels_from_text(name, text) if text else None
    link.run(STORE_VERDICT, *verdict(labels, newest_correction(link, docid, brand)), docid, brand)


def newest_correction(link: Link, docid: int, brand: int) -> Correction | None:
    """Return the newest correction toward a brand."""
    return link.one(correction, NEWEST_CORRECTION, docid, brand)


def correction(  # noqa: PLR0917 — the columns of a row
    mention_id: str, brand: str, by: str, at: int, tone: str | None, churn: int | None
) -> Correction:
    """Return a correction from its columns."""
    return Correction(
        mention_id=mention_id,
        brand=brand,
        by=by,
        at=moment(at),
        tone=tone,
        churn=None if churn is None else bool(churn),
    )


def _settle(link: Link, docids: set[int]) -> None:
    brands.refresh(link, docids)
    recognise(link, docids)
    touch(link, docids)
