"""A mention that comes in: new, unchanged, edited, deleted or an older copy. The same rules as in SQLite."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from core.mention import Mention
from store.arrivals import Arrival, text_hash
from store.codecs import maybe_micros, micros
from store.elastic.records import Pair, Record
from store.naming import Flags, Naming


def begun(arrival: Arrival, naming: Naming, simhash: int | None, now: datetime) -> Record:
    """Return the record of a mention that is not stored yet."""
    mention = arrival.mention
    record = Record(
        mention=replace(mention, labels=()),
        watches=dict(arrival.watches),
        own=arrival.own,
        first_seen=micros(now),
        deleted_at=micros(mention.edited_at or now) if mention.deleted else None,
        simhash=simhash,
    )
    name_brands(record, naming)
    return record


def revise(record: Record, arrival: Arrival, naming: Naming, now: datetime) -> tuple[bool, bool]:
    """Bring a record up to date; return whether it is another revision, and whether anything differs."""
    mention = arrival.mention
    other = mention.content_hash != record.mention.content_hash
    changed = other and not _stale(record, mention)
    if other and not changed:
        # An older copy tells nothing new; that another watch asks for the mention still counts.
        return False, _keep(record, arrival, naming, said_anew=False)
    edited = record.mention.edited_at
    touched = _refresh_figures(record, mention)
    if changed:
        _new_revision(record, mention, maybe_micros(edited), now)
    touched |= _place_in_time(record, mention)
    touched |= _keep(record, arrival, naming, said_anew=changed)
    return changed, touched or changed


def _stale(record: Record, mention: Mention) -> bool:
    """Tell whether a copy is older than what is stored; after a deletion only a later edit counts."""
    edited = maybe_micros(mention.edited_at)
    if record.mention.deleted:
        return edited is None or edited <= (record.deleted_at or 0)
    if record.mention.edited_at is None or mention.deleted:
        return False
    return mention.edited_at is None or mention.edited_at < record.mention.edited_at


def _refresh_figures(record: Record, mention: Mention) -> bool:
    """Take over the newest author and figures; what was said is left alone."""
    stored = record.mention
    figures = replace(
        stored,
        url=mention.url,
        parent_id=mention.parent_id,
        language=mention.language,
        author=mention.author,
        engagement=mention.engagement,
        edited_at=mention.edited_at or stored.edited_at,
    )
    record.mention = figures
    return figures != stored


def _new_revision(record: Record, mention: Mention, edited: int | None, now: datetime) -> None:
    before = record.mention
    record.earlier.append(
        {
            "revision": record.revision,
            "title": before.title,
            "text": before.text,
            "rating": before.rating,
            "edited": edited,
            "deleted": before.deleted,
        }
    )
    record.revision += 1
    record.mention = replace(
        before,
        title=mention.title,
        text=mention.text,
        rating=mention.rating,
        deleted=mention.deleted,
    )
    record.deleted_at = micros(mention.edited_at or now) if mention.deleted else None
    record.simhash = text_hash(mention)
    if mention.deleted:
        _erase(record)


def _erase(record: Record) -> None:
    """Leave nothing of what was said: earlier revisions are empty, labels go."""
    for earlier in record.earlier:
        earlier.update(title=None, text="", deleted=True)
    for pair in record.pairs.values():
        pair.labels = None


def _place_in_time(record: Record, mention: Mention) -> bool:
    """Move a mention whose time was guessed to the time that its source now tells; else times stay."""
    if record.mention.published_known or not mention.published_known:
        return False
    record.mention = replace(record.mention, published_at=mention.published_at, published_known=True)
    return True


def _keep(record: Record, arrival: Arrival, naming: Naming, *, said_anew: bool) -> bool:
    """Note who keeps the mention, whether it is ours, and which brands are to be labelled."""
    watches = dict(record.watches)
    for watch, matched in arrival.watches.items():
        watches[watch] = matched or watches.get(watch, False)
    own = record.own or arrival.own
    if watches == record.watches and own == record.own and not said_anew:
        return False
    record.watches, record.own = watches, own
    name_brands(record, naming)
    if said_anew:
        for pair in record.pairs.values():
            pair.answer = ""
    return True


def name_brands(record: Record, naming: Naming) -> bool:
    """Work out which brands a mention names and which labels are wanted; return whether anything changed."""
    mention = record.mention
    labelled = not record.own and not mention.deleted
    flags = naming.flags(mention.said, record.watches, labelled=labelled)
    changed = False
    for brand in dict.fromkeys((*record.pairs, *flags)):
        pair = record.pairs.setdefault(brand, Pair())
        wanted = flags.get(brand, Flags())
        changed |= pair.flags != wanted
        pair.flags = wanted
    return changed
