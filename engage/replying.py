"""Replies through the source's API: put into the outbox, taken back in time, sent once."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from core.audit import AuditRecord
from core.clock import from_iso, iso
from core.errors import Conflict, InputError, SendRefused
from core.ports import Store
from core.thread import Note, StoredMention, Thread
from core.work import OutboxItem
from engage import answering, desk
from engage.channel import Connection, Reply, ReplyChannel, channel_of
from engage.connections import connection_of
from engage.outbound import Outbound

CHANNEL = "reply"
#: How long a reply can be taken back before it leaves.
GRACE = timedelta(seconds=8)


class Standing(enum.StrEnum):
    """Name how a reply stands."""

    LEAVING = "leaving"
    SENDING = "sending"
    LATER = "later"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """How one reply stands."""

    standing: Standing
    #: Where it can be read, once it was sent.
    link: str = ""
    #: Why it did not go out.
    why: str = ""
    #: When it leaves, or is tried again.
    at: datetime | None = None


def send(
    store: Store, thread_id: str, version: int, text: str, *,
    answer_id: str, to: StoredMention, link: Connection, actor: str, now: datetime,
) -> desk.Done:  # fmt: skip
    """Send a reply, in a moment; from then on it is their turn. The same answer twice is one reply.

    Raises:
        InputError: it is empty, or longer than the source takes.
        Conflict: somebody changed the thread first; then nothing is sent.
    """
    channel = _reply_channel(link.channel)
    text = text.strip()
    if len(text) > channel.limit:
        raise InputError(f"{channel.title} takes {channel.limit:,} characters; these are {len(text):,}")
    note_id = answering.note_id(answer_id)
    item = OutboxItem(
        id=item_id(note_id),
        channel=CHANNEL,
        payload={
            "account": link.key,
            "thread": thread_id,
            "mention": to.mention.id,
            "text": text,
            "at": iso(now),
            "by": actor,
        },
        due_at=now + GRACE,
    )
    known = any(note.id == note_id for note in store.thread(thread_id).notes)
    if not known and text:
        store.post([item])
    try:
        return answering.answer(store, thread_id, version, text, answer_id=answer_id, actor=actor, now=now)
    except (Conflict, InputError):
        if not known:
            store.withdraw(item.id)
        raise


def item_id(note_id: str) -> str:
    """Return the id under which an answer's note goes out; short, however long the note's."""
    return f"reply:{hashlib.sha256(note_id.encode('utf-8', 'replace')).hexdigest()[:32]}"


def states(store: Store, notes: Sequence[Note], *, now: datetime) -> Mapping[str, State]:
    """Return how the replies among notes stand, by note; what goes by hand is not among them."""
    ids = {item_id(note.id): note.id for note in notes if answering.is_answer(note)}
    if not ids:
        return {}
    return {ids[item.id]: state_of(item, now) for item in store.outbox(ids=list(ids), limit=len(ids))}


def state_of(item: OutboxItem, now: datetime) -> State:
    """Return how an item of the outbox stands."""
    if item.sent_at is not None:
        return State(standing=Standing.SENT, link=item.outcome, at=item.sent_at)
    if item.given_up:
        return State(standing=Standing.FAILED, why=item.last_error)
    if item.attempts == 0:
        leaving = item.due_at > now
        return State(standing=Standing.LEAVING if leaving else Standing.SENDING, at=item.due_at)
    if item.last_error and item.due_at > now:
        return State(standing=Standing.LATER, why=item.last_error, at=item.due_at)
    return State(standing=Standing.SENDING, at=item.due_at)


def again(store: Store, thread: Thread, note_id: str, *, actor: str, now: datetime) -> None:
    """Try a reply that failed once more, now."""
    if any(note.id == note_id for note in thread.notes):
        store.send_again(item_id(note_id), now=now)
        store.record(actor=actor, action="reply.again", target=f"thread:{thread.id}", now=now)


def undo(store: Store, audit_id: int, *, actor: str, now: datetime) -> desk.Done:
    """Take an act back as `desk.undo` does; a reply that it sent is kept from leaving.

    Raises:
        NotFound: there is no such act, or it has no inverse.
        Conflict: the reply has left already, or somebody changed the thread since.
    """
    record = desk.find_record(store, audit_id)
    if record is not None and record.action == "triage.answer":
        _take_back(store, store.thread(desk.thread_of(store, record)), record, actor=actor, now=now)
    return desk.undo(store, audit_id, actor=actor, now=now)


def _take_back(store: Store, thread: Thread, record: AuditRecord, *, actor: str, now: datetime) -> None:
    written = (n for n in thread.notes if answering.is_answer(n) and n.author == record.actor)
    note = next((note for note in written if note.at == record.at), None)
    there = store.outbox(ids=[item_id(note.id)]) if note else []
    if note is None or not there:
        return
    if not store.withdraw(there[0].id):
        raise Conflict("the reply has left already; take it back on the source", fresh=thread.triage)
    store.remove_note(note.id, actor=actor, now=now)


class Replier:
    """Sends replies out of the outbox."""

    def __init__(self, store: Store, data_dir: Path, out: Outbound) -> None:
        self.store, self.data_dir, self.out = store, data_dir, out

    def send(self, item: OutboxItem) -> str:
        """Post a reply, unless a try before this one did; return its address.

        Raises:
            SendRefused: it will not be taken, or its account is no more.
            SendLater: it cannot be taken now.
            NotFound: what it answers was erased.
        """
        told = {name: str(value) for name, value in item.payload.items()}
        link = connection_of(self.data_dir, told["account"])
        if link is None:
            raise SendRefused(f"the account {told['account']} is no longer connected")
        to = self.store.mention(told["mention"]).mention
        reply = Reply(id=item.id, to=to, text=told["text"], at=from_iso(told["at"]))
        channel = _reply_channel(link.channel)
        # The first try cannot have been made before. Of a later one nobody knows what became of it.
        if item.attempts > 1 and (there := channel.find(link, self.out, reply)):
            return there
        return channel.reply(link, self.out, reply)


def _reply_channel(name: str) -> ReplyChannel:
    channel = channel_of(name)
    if not isinstance(channel, ReplyChannel):
        raise InputError(f"nobody is answered through {channel.title}")
    return channel
