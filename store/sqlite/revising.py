"""A mention that is stored already and comes again: unchanged, edited, deleted or an older copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from core.mention import Mention
from store import analysis
from store.arrivals import Arrival, linked, text_hash
from store.codecs import maybe_micros, micros
from store.sqlite import brands, copies
from store.sqlite.connection import Link
from store.sqlite.docids import first_docid
from store.sqlite.language import note_stem_languages, recognise
from store.sqlite.placing import next_docids

if TYPE_CHECKING:
    from store.sqlite.putting import Batch


class Old(NamedTuple):
    """What is stored of a mention, as far as a new copy may differ from it."""

    docid: int
    id: str
    tid: int
    published: int
    revision: int
    context: int
    own: int
    deleted: int
    author: int
    published_known: int
    edited: int | None
    deleted_at: int | None
    content_hash: bytes
    url: str | None
    parent_id: str | None
    language: str | None
    followers: int | None
    score: int | None
    replies: int | None
    shares: int | None
    views: int | None


def revise(batch: Batch, old: Old, arrival: Arrival) -> bool:
    """Bring a stored mention up to date; return whether what was said is another revision now."""
    mention = arrival.mention
    other = bytes.fromhex(mention.content_hash) != old.content_hash
    changed = other and not _stale(old, mention)
    if other and not changed:
        # An older copy tells nothing new; that another watch asks for the mention still counts.
        _keep(batch, old, arrival, said_anew=False)
        return False
    touched = _refresh_figures(batch, old, arrival)
    if changed:
        _new_revision(batch, old, arrival)
    _place_in_time(batch, old, arrival)
    touched |= _keep(batch, old, arrival, said_anew=changed)
    if touched or changed:
        batch.threads.touch(old.tid)
    return changed


def _stale(old: Old, mention: Mention) -> bool:
    """Tell whether a copy is older than what is stored.

    After a deletion only an edit later than the deletion counts. A copy without a time of editing is
    older than one that has one.
    """
    edited = maybe_micros(mention.edited_at)
    if old.deleted:
        return edited is None or edited <= (old.deleted_at or 0)
    if old.edited is None or mention.deleted:
        return False
    return edited is None or edited < old.edited


FIGURES = """
UPDATE body SET url = ?, parent_id = ?, language = ?, edited = coalesce(?, edited), followers = ?, score = ?,
    replies = ?, shares = ?, views = ? WHERE docid = ?
"""


def _refresh_figures(batch: Batch, old: Old, arrival: Arrival) -> bool:
    """Store the newest author and figures; nothing is written where nothing differs."""
    mention, engagement = arrival.mention, arrival.mention.engagement
    author = batch.numbers.author(mention.author)
    told = (
        arrival.url,
        arrival.parent_id,
        mention.language,
        maybe_micros(mention.edited_at),
        mention.author.followers,
        engagement.score,
        engagement.replies,
        engagement.shares,
        engagement.views,
    )
    edited = old.edited if told[3] is None else told[3]
    touched = False
    if (*told[:3], edited, *told[4:]) != (old.url, old.parent_id, old.language, old.edited, *old[-5:]):
        batch.link.run(FIGURES, *told, old.docid)
        touched = True
        if mention.language != old.language:
            recognise(batch.link, [old.docid])
    if author != old.author:
        batch.link.run("UPDATE mention SET author = ? WHERE docid = ?", author, old.docid)
        touched = True
    return touched


KEEP_REVISION = """
INSERT INTO revision (docid, revision, title, text, rating, edited, deleted)
SELECT m.docid, m.revision, b.title, b.text, m.rating, ?, m.deleted
FROM mention m JOIN body b ON b.docid = m.docid WHERE m.docid = ?
"""
NEW_TEXT = """
UPDATE body SET title = ?, text = ?, stem_lang = ?, content_hash = ?, deleted_at = ? WHERE docid = ?
"""


def _new_revision(batch: Batch, old: Old, arrival: Arrival) -> None:
    link, mention = batch.link, arrival.mention
    copies.remove(link, batch.fresh, old.docid)
    link.run(KEEP_REVISION, old.edited, old.docid)
    stem_lang = analysis.stem_language(link.one(str, "SELECT lang FROM mention WHERE docid = ?", old.docid))
    note_stem_languages(link, [stem_lang])
    deleted_at = micros(mention.edited_at or batch.now) if mention.deleted else None
    link.run(
        NEW_TEXT,
        mention.title,
        mention.text,
        stem_lang,
        bytes.fromhex(mention.content_hash),
        deleted_at,
        old.docid,
    )
    value = text_hash(mention)
    link.run(
        "UPDATE mention SET revision = revision + 1, rating = ?, deleted = ?, linked = ?, simhash = ? "
        "WHERE docid = ?",
        mention.rating,
        mention.deleted,
        linked(mention),
        value,
        old.docid,
    )
    if value is not None:
        copies.add(link, batch.fresh, old.docid, value)
    if mention.deleted:
        _erase(link, old.docid)
        batch.erased = True


def _erase(link: Link, docid: int) -> None:
    """Leave nothing of what was said: earlier revisions are empty, labels go."""
    link.run("UPDATE revision SET title = NULL, text = '', deleted = 1 WHERE docid = ?", docid)
    link.run(
        "UPDATE pair SET labels = NULL, risk = -1, tones = 0, churns = 0, intents = 0 WHERE docid = ?", docid
    )


def _place_in_time(batch: Batch, old: Old, arrival: Arrival) -> None:
    """Move a mention whose time was guessed to the time that its source now tells; else times stay."""
    if old.published_known or not arrival.mention.published_known:
        return
    link, second = batch.link, first_docid(arrival.published)
    docid = next_docids(link, [second])[second]
    link.run("UPDATE body SET published_known = 1 WHERE docid = ?", old.docid)
    copies.remove(link, batch.fresh, old.docid)
    link.run(
        "UPDATE mention SET docid = ?, published = ? WHERE docid = ?", docid, arrival.published, old.docid
    )
    if (value := text_hash(arrival.mention)) is not None:
        link.run("UPDATE mention SET simhash = ? WHERE docid = ?", value, docid)
        copies.add(link, batch.fresh, docid, value)


def _keep(batch: Batch, old: Old, arrival: Arrival, *, said_anew: bool) -> bool:
    """Store who keeps the mention, whether it is ours, and which brands are to be labelled."""
    link = batch.link
    docid = link.number("SELECT docid FROM mention WHERE id = ?", old.id)
    kept = dict(link.rows(_kept, "SELECT watch, matched FROM mention_watch WHERE docid = ?", docid))
    watches = {watch: matched or kept.get(watch, False) for watch, matched in arrival.watches.items()}
    own = bool(old.own) or arrival.own
    now_matched = bool(old.context) and any(watches.values())
    if (
        all(kept.get(watch) == matched for watch, matched in watches.items())
        and own == old.own
        and not said_anew
    ):
        return False
    for watch, matched in watches.items():
        link.run(UPSERT_WATCH, docid, watch, matched)
    watches = kept | watches
    link.run("UPDATE mention SET context = ?, own = ? WHERE docid = ?", not any(watches.values()), own, docid)
    brands.repair(batch.link, batch.naming, batch.numbers.brand, docid, watches, said_anew=said_anew)
    if now_matched and not own:
        batch.threads.news(old.tid, matched=True)
    return True


UPSERT_WATCH = """
INSERT INTO mention_watch (docid, watch, matched) VALUES (?, ?, ?)
ON CONFLICT (docid, watch) DO UPDATE SET matched = excluded.matched
"""


def _kept(watch: str, matched: int) -> tuple[str, bool]:
    return watch, bool(matched)
