"""Forget a person: every byte of what they said and of their handle, for good."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from core.clock import iso
from core.customers import Handle, person_key
from core.erasure import KIND, SECRET, Eraser, eraser, joined
from core.errors import InputError, NotFound
from core.kept import Kept, Sought
from core.mention import Author, mention_to_json
from core.ports import Store
from core.query import And, OneOf
from core.records import BETWEEN, Record
from core.said import Said
from core.search import Search
from engage.advocates import ADVOCATE, ASK, QUOTE, REFERRAL
from engage.customers import ACCOUNT, MOVE, PERSON, find_person, person_of, walk
from engage.matching import MATCH
from engage.scrubbing import author_of
from engage.standing import refresh_accounts

#: Kinds of records whose texts may quote or name somebody; each is a kind of `core.records.KINDS`.
QUOTING = ("thread", "kept", "work", "outbox", "state", "cursor")
#: Kept things that may hold the same name by right of their own: another person, a customer.
NAMED_ANEW = (PERSON, ACCOUNT, "import_row")
STEP = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Forgotten:
    """What was forgotten."""

    #: Their mentions that are gone, others' texts that named them, and other records changed or gone.
    mentions: int
    texts: int
    records: int
    #: What they said, for the files beside the store; kept nowhere.
    said: Said = field(default=Said(()), repr=False)


def handles_of(store: Store, person: str) -> tuple[str, tuple[Handle, ...]]:
    """Return a person's key and handles, by their id or by `SOURCE:HANDLE`.

    Raises:
        InputError: the name is none.
    """
    try:
        known = find_person(store, person).person
    except NotFound:
        source, colon, name = person.partition(":")
        if not colon or not source or not name.removeprefix("@"):
            raise InputError("name a person as SOURCE:HANDLE, such as mastodon:ada@town.example") from None
        return person_key(source, name), (Handle(source=source, name=name.removeprefix("@")),)
    return known.key, known.handles


def eraser_of(store: Store) -> Eraser:
    """Return what recognises everybody who was erased here."""
    secret = store.remember(SECRET, secrets.token_hex(32))
    return eraser(secret, (item.key for item in store.kept(KIND)))


def forget(store: Store, person: str, *, actor: str, now: datetime) -> Forgotten:
    """Forget a person in everything that the store holds; a repeat finishes what was cut off.

    First they are kept out, then what is there goes, then the disk is cleaned.
    """
    key, handles = handles_of(store, person)
    known = eraser_of(store)
    marks = sorted({digest for handle in handles for digest in known.digests_of(handle)} - known.digests)
    at = {"at": iso(now)}
    store.keep_all([Kept(kind=KIND, key=mark, body=at, by=actor, at=now) for mark in marks])
    # What was erased before is gone; looking only for this person is several times as fast.
    theirs = eraser(known.secret, (digest for handle in handles for digest in known.digests_of(handle)))
    aliases = {person_key(handle.source, handle.name) for handle in handles} | {key}
    done = _cleaned(store, theirs, aliases, now=now)
    store.record(actor=actor, action="person.forget", target=f"person:{key}", now=now)
    store.expunge()
    return done


def _cleaned(store: Store, theirs: Eraser, aliases: set[str], *, now: datetime) -> Forgotten:
    """Take everything of some people out of a store, and leave the accounts as they stand without them."""
    gone, said, texts = _mentions(store, theirs)
    records = _records(store, theirs, aliases, said)
    records += _audit(store, theirs, said)
    records += store.scrub_dead_letters(said)
    refresh_accounts(store, [item.key for item in store.kept(ACCOUNT)], now=now)
    return Forgotten(mentions=gone, texts=texts, records=records, said=said)


def _mentions(store: Store, theirs: Eraser) -> tuple[int, Said, int]:
    """Take their mentions away and blot them out of others'; return how many, what they said, how many."""
    gone, said, names, changed = list[str](), list[str](), set[str](), list[Record]()
    for record in store.dump("mention"):
        mention = record.body["mention"]
        if not isinstance(mention, Mapping):
            continue
        author = mention.get("author")
        if isinstance(author, Mapping) and theirs.wrote(str(mention["source"]), author_of(author)):
            gone.append(record.key)
            earlier = record.body["earlier"]
            said += texts_of([mention, *(earlier if isinstance(earlier, list) else ())])
            names.add(author_of(author).name or "")
            continue
        body = {
            **record.body,
            "mention": _clean(theirs, mention),
            "earlier": theirs.blotted_all(record.body["earlier"]),
        }
        if body != record.body:
            changed.append(replace(record, body=body))
    for start in range(0, len(changed), STEP):
        store.load(changed[start : start + STEP])
    for start in range(0, len(gone), STEP):
        store.discard("mention", gone[start : start + STEP])
    return len(gone), Said(tuple(said), tuple(names)), len(changed)


def texts_of(told: object) -> list[str]:
    """Return the texts and titles in plain JSON values."""
    match told:
        case Mapping():
            own = [told[name] for name in ("text", "title") if isinstance(told.get(name), str)]
            return own + [text for one in told.values() for text in texts_of(one)]
        case list():
            return [text for one in told for text in texts_of(one)]
        case _:
            return []


def _clean(theirs: Eraser, mention: Mapping[str, object]) -> dict[str, object]:
    return {**mention, **{name: theirs.blotted_all(mention.get(name)) for name in ("title", "text", "url")}}


def _records(store: Store, theirs: Eraser, keys: set[str], said: Said) -> int:
    """Take away what is about them alone, and blot them out of the rest."""
    number, bare = 0, said.nameless()
    own = tuple(f"{kind}{BETWEEN}" for kind in NAMED_ANEW)
    for kind in QUOTING:
        gone, changed = list[str](), list[Record]()
        for record in store.dump(kind):
            known = bare if record.key.startswith(own) else said
            body = theirs.blotted_all(known.out_of(record.body))
            if (kind == "kept" and _is_theirs(record, keys)) or (body != record.body and _goes(record)):
                gone.append(record.key)
            elif isinstance(body, Mapping) and body != record.body:
                changed.append(replace(record, body=body))
        for start in range(0, len(changed), STEP):
            store.load(changed[start : start + STEP])
        store.discard(kind, gone)
        number += len(gone) + len(changed)
    return number


def _goes(record: Record) -> bool:
    """Tell whether a record that names or quotes them is worth nothing without that."""
    return record.kind in ("work", "outbox") or record.key.startswith(f"mute{BETWEEN}")


def _is_theirs(record: Record, keys: set[str]) -> bool:
    kind, _, key = record.key.partition(BETWEEN)
    refs = record.body.get("refs")
    about = {f"person:{one}" for one in keys}
    mine = isinstance(refs, list) and any(ref in about for ref in refs)
    return (kind == PERSON and key in keys) or mine


def _audit(store: Store, theirs: Eraser, said: Said) -> int:
    """Take the payload out of audit records that quote or name them; the chain stays whole."""
    changed = []
    for record in store.dump("audit"):
        payload = record.body.get("payload")
        if not isinstance(payload, str):
            continue
        told = json.loads(payload)
        if theirs.blotted_all(told) != told or said.out_of(told) != told:
            changed.append(replace(record, body={**record.body, "payload": None}))
    store.load(changed)
    return len(changed)


def about(store: Store, person: str, *, now: datetime) -> Iterator[dict[str, object]]:
    """Yield everything that is kept of a person: who they are taken for, then each mention."""
    key, handles = handles_of(store, person)
    for item in store.kept_many(PERSON, [key]).values():
        yield {"person": dict(item.body), "stage": item.state}
    for kind in (MOVE, MATCH, ADVOCATE, ASK, QUOTE, REFERRAL):
        for item in store.kept_page(Sought(kind=kind, refs=(f"person:{key}",)), limit=1_000).items:
            yield {kind: dict(item.body), "at": iso(item.at), "by": item.by}
    for handle in handles:
        node = And((OneOf("source", (handle.source,)), OneOf("author", (handle.name,))))
        after: str | None = None
        while True:
            page = store.search(Search(node=node, now=now), limit=200, after=after)
            for hit in page.hits:
                yield {"mention": mention_to_json(hit.stored.mention)}
            after = page.next
            if after is None:
                break


def carried(store: Store) -> list[Record]:
    """Return the erasures of a store as records, to be carried over into what replaces it."""
    marks = [record for record in store.dump("kept") if record.key.startswith(f"{KIND}{BETWEEN}")]
    return [record for record in store.dump("memo") if record.key == SECRET and marks] + marks


def apply_again(store: Store, erasures: Sequence[Record], *, now: datetime) -> int:
    """Bring erasures into a store that was restored, and forget everybody anew; return how many people.

    What was restored may have a secret and erasures of its own: both are kept. All go in one pass. Who is
    only named in what others wrote is blotted out, and not counted.
    """
    own = [str(record.body["value"]) for record in store.dump("memo") if record.key == SECRET]
    brought = [record for record in erasures if record.kind == "memo"]
    secret = joined(*(str(record.body["value"]) for record in brought), *own)
    store.load([replace(record, body={**record.body, "value": secret}) for record in brought])
    store.load([record for record in erasures if record.kind == "kept"])
    known = eraser_of(store)
    keys = {person_key(handle.source, handle.name) for handle in _erased(store, known)}
    whole = {
        item.key
        for item in walk(store, Sought(kind=PERSON))
        if any(known.wrote(one.source, Author(handle=one.name)) for one in person_of(item).person.handles)
    }
    _cleaned(store, known, keys | whole, now=now)
    for key in sorted(keys):
        store.record(actor="earful", action="person.forget", target=f"person:{key}", now=now)
    store.expunge()
    return len(keys)


def _erased(store: Store, known: Eraser) -> Iterator[Handle]:
    for record in store.dump("mention"):
        mention = record.body["mention"]
        author = mention.get("author") if isinstance(mention, Mapping) else None
        if isinstance(mention, Mapping) and isinstance(author, Mapping):
            who, source = author_of(author), str(mention["source"])
            if known.wrote(source, who):
                yield Handle(source=source, name=who.handle or who.name or "")
