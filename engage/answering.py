"""Answering: what we are about to say, whether it was seen on the source, and whether it helped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from core.errors import Conflict, InputError
from core.labels import Tone
from core.ports import Store
from core.thread import Note, Status, StoredMention, Thread
from core.tokens import token_texts
from engage import desk

#: An answer is kept as a note whose id begins so, so that it is exported, undone and erased like one.
PREFIX = "answer-"
MAX_ANSWER = 5_000
#: Clocks of sources and of this machine differ; a post may seem older than the answer it carries.
SKEW = timedelta(minutes=10)
#: Share of an answer's words that a post of ours must repeat to be that answer; people edit while they paste.
ALIKE = 0.6


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """Something we said, as its author wrote it here."""

    note: Note
    #: The post of ours that carries it; None as long as none was seen.
    seen: StoredMention | None


@dataclass(frozen=True, kw_only=True, slots=True)
class FollowUp:
    """How one person sounded before our first word and after it."""

    author: str
    before: Tone
    after: Tone

    @property
    def helped(self) -> bool | None:
        """Whether it got better; None for neither better nor worse."""
        order = (Tone.NEGATIVE, Tone.NEUTRAL, Tone.POSITIVE)
        step = order.index(self.after) - order.index(self.before)
        return None if step == 0 else step > 0


def answer(
    store: Store, thread_id: str, version: int, text: str, *, answer_id: str, actor: str, now: datetime
) -> desk.Done:
    """Keep an answer that its author takes to the source by hand, and wait for them.

    Raises:
        InputError: the answer is empty or too long.
        Conflict: somebody changed the thread first; then nothing is kept.
    """
    text = text.strip()
    if not text or len(text) > MAX_ANSWER:
        raise InputError(f"an answer has 1 to {MAX_ANSWER:,} characters")
    change = desk.Step(
        change=lambda triage: replace(triage, status=Status.WAITING, snoozed_until=None),
        action="triage.answer",
    )
    key = note_id(answer_id)
    known = any(note.id == key for note in store.thread(thread_id).notes)
    # The note first: the newest act, which undo takes back, is then the step.
    store.add_note(Note(id=key, thread_id=thread_id, author=actor, text=text, at=now))
    try:
        return desk.take_step(store, thread_id, version, change, actor=actor, now=now)
    except Conflict:
        if not known:
            store.remove_note(key, actor=actor, now=now)
        raise


def note_id(answer_id: str) -> str:
    """Return the id of the note that keeps an answer."""
    return answer_id if answer_id.startswith(PREFIX) else PREFIX + answer_id


def is_answer(note: Note) -> bool:
    """Tell whether a note is an answer of ours."""
    return note.id.startswith(PREFIX)


def answers(thread: Thread, links: Mapping[str, str] = MappingProxyType({})) -> Sequence[Answer]:
    """Return what we answered in a thread, oldest first, each with the post that carries it.

    Args:
        thread: the thread.
        links: by note, where the source said that it put the reply.
    """
    return [
        Answer(note=note, seen=_post_of(note, thread, links.get(note.id, "")))
        for note in thread.notes
        if is_answer(note)
    ]


def follow_ups(thread: Thread, products: set[str]) -> Sequence[FollowUp]:
    """Return how each person sounded before and after our first word to the thread."""
    first = min((s.mention.published_at for s in thread.mentions if s.own), default=None)
    if first is None:
        return ()
    before: dict[str, Tone] = {}
    after: dict[str, Tone] = {}
    for stored in sorted(thread.matched, key=lambda stored: stored.mention.published_at):
        handle, tone = stored.mention.author.handle, tone_of(stored, thread, products)
        if handle and tone:
            (before if stored.mention.published_at < first else after)[handle] = tone
    return [
        FollowUp(author=author, before=tone, after=after[author])
        for author, tone in before.items()
        if author in after
    ]


def tone_of(stored: StoredMention, thread: Thread, products: set[str]) -> Tone | None:
    """Return a mention's tone toward our product: a person's word, else the model's."""
    said = [
        c
        for c in thread.corrections
        if c.mention_id == stored.mention.id and c.brand in products and c.tone is not None
    ]
    if said:
        return Tone(str(said[-1].tone))
    labels = [found for found in stored.mention.labels if found.brand in products and found.sentiment]
    return labels[0].sentiment.tone if labels and labels[0].sentiment else None


def places(thread: Thread, stored: StoredMention | None, *, product: str, user: str) -> Mapping[str, str]:
    """Return what a macro's places become in a thread."""
    author = stored.mention.author if stored else None
    handle = (author.handle if author else None) or ""
    return {
        "name": ((author.name if author else None) or handle).strip() or "there",
        "handle": handle,
        "product": product,
        "link": (stored.mention.url if stored else None) or thread.url or "",
        "me": user,
    }


def _post_of(note: Note, thread: Thread, link: str) -> StoredMention | None:
    placed = [s for s in thread.mentions if link and s.own and s.mention.url == link]
    if placed:
        return placed[0]
    wanted = set(token_texts(note.text))
    later = [s for s in thread.mentions if s.own and s.mention.published_at >= note.at - SKEW]
    for stored in sorted(later, key=lambda stored: stored.mention.published_at):
        words = set(token_texts(stored.mention.said))
        if wanted and len(wanted & words) >= ALIKE * len(wanted):
            return stored
    return None
