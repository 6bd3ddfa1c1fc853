"""Labels: the list of what is to be labelled, and the answers."""

from __future__ import annotations

import json
from collections import defaultdict
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
NEWEST = """
SELECT id, revision, docid FROM mention WHERE id IN (SELECT value FROM json_each(?)) AND NOT deleted
"""
STORE_LABELS = """
UPDATE pair SET labels = ?, answer = ?, risk = ?, tones = ?, churns = ?, intents = ?,
    lease_owner = NULL, lease_until = NULL, lease_model = NULL
WHERE docid = ? AND brand = ?
"""
CORRECTED = """
SELECT c.docid, c.brand, m.id, brand.name, c.by, c.at, c.tone, c.churn
FROM correction c JOIN brand ON brand.id = c.brand JOIN mention m ON m.docid = c.docid
WHERE c.docid IN (SELECT value FROM json_each(?)) ORDER BY c.at, c.by
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
            link.many(LEASE, [(owner, until, number, *pair) for pair in reversed(due)])
            return _unlabelled(link, due)

    def put_labels(self, answers: Sequence[Answer], *, now: datetime) -> int:
        """Store answers and end their leases; return how many were stored."""
        del now  # the port's; nothing here needs the time
        with self.database.write() as link:
            docids = _newest(link, answers)
            fit = [(docids[key], answer) for answer in answers if (key := _key(answer)) in docids]
            _store(link, Numbers(link), fit)
            _settle(link, {docid for docid, _ in fit})
        return len(fit)

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


WATCHES_OF = """
SELECT docid, watch FROM mention_watch
WHERE docid IN (SELECT value FROM json_each(?)) AND matched = 1 ORDER BY docid, watch
"""


def _unlabelled(link: Link, due: Sequence[_Due]) -> list[Unlabelled]:
    rows = loading.mentions(link, {pair.docid for pair in due})
    watches = brands.watches(link)
    names = dict(link.rows(lambda number, name: (int(number), str(name)), "SELECT id, name FROM brand"))
    matched = defaultdict(list)
    for docid, watch in link.rows(lambda *row: row, WATCHES_OF, json.dumps([pair.docid for pair in due])):
        matched[docid].append(watch)
    found = []
    for pair in due:
        stored, brand = rows[pair.docid], names[pair.brand]
        asking = [watches[watch] for watch in matched[pair.docid] if watch in watches]
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


def _key(answer: Answer) -> tuple[str, int]:
    return answer.mention_id, answer.revision


def _newest(link: Link, answers: Sequence[Answer]) -> dict[tuple[str, int], int]:
    """Return the docids of the mentions that answers are about, by id and newest revision."""
    asked = json.dumps([answer.mention_id for answer in answers])
    return dict(link.rows(lambda key, revision, docid: ((key, revision), docid), NEWEST, asked))


def _store(link: Link, numbers: Numbers, answers: Sequence[tuple[int, Answer]]) -> None:
    pairs = [(docid, numbers.brand(answer.labels.brand)) for docid, answer in answers]
    link.many("INSERT OR IGNORE INTO pair (docid, brand) VALUES (?, ?)", pairs)
    corrected = _corrected(link, {docid for docid, _ in pairs})
    rows = []
    for (docid, brand), (_, answer) in zip(pairs, answers, strict=True):
        model = numbers.model(answer.labels.model)
        if answer.labels.not_labelled is not None:
            # A refusal may carry the name of the rule that refused; it answers for the model that asked.
            asked = link.number("SELECT lease_model FROM pair WHERE docid = ? AND brand = ?", docid, brand)
            model = asked or model
        text = labels_to_text(answer.labels)
        # From the text, so that it says of rounded figures what it will say when it is read again.
        said = verdict(labels_from_text(answer.labels.brand, text), corrected.get((docid, brand)))
        rows.append((text, model, *said, docid, brand))
    # Along the table, neighbours fall on the same pages.
    rows.sort(key=lambda row: row[-2:])
    link.many(STORE_LABELS, rows)


def _corrected(link: Link, docids: set[int]) -> dict[tuple[int, int], Correction]:
    """Return the newest correction of each pair that has any."""
    found = link.rows(lambda docid, brand, *said: (docid, brand, said), CORRECTED, json.dumps(sorted(docids)))
    # The newest comes last and stands.
    return {(docid, brand): correction(*said) for docid, brand, said in found}


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
