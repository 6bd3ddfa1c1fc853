"""The triage desk: what a person does to a thread, each act with a real inverse.

Every act is a pure change of a `Triage`, stored by compare-and-set on the version that the person saw.
Doing the same thing twice (a double click, a resent form) is doing it once. Undo reads the audit record
and puts back only the fields that the act changed, and only where nobody changed them again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias, TypeVar

from core.audit import AuditRecord
from core.clock import from_iso
from core.errors import Conflict, InputError, NotFound
from core.ports import Store
from core.thread import Correction, Note, Status, Triage
from engage.teams import assignable

T = TypeVar("T")

#: A thread's new triage out of the one that the person saw.
Change: TypeAlias = Callable[[Triage], Triage]
#: What an act leaves behind.
Done: TypeAlias = tuple[Triage, AuditRecord]

#: Longest tag and most tags of one thread; what is longer is a note.
MAX_TAG = 40
MAX_TAGS = 20
MAX_NOTE = 10_000
#: A thread that sleeps longer than this is forgotten, not snoozed.
LONGEST_SNOOZE = timedelta(days=366)
#: How far back a person's last act is looked for.
MEMORY = 200

#: Acts that undo knows the inverse of; that of a mute is in `engage.muting`, for it is about no thread.
UNDOABLE = frozenset(
    {
        "mute.save",
        "triage.resolve",
        "triage.ignore",
        "triage.not_about_us",
        "triage.snooze",
        "triage.answer",
        "triage.reopen",
        "triage.wait",
        "triage.assign",
        "triage.pin",
        "triage.tag",
        "note.add",
        "label.correct",
    }
)
UNDO = "undo:"


def resolve(store: Store, thread_id: str, version: int, *, actor: str, now: datetime) -> Done:
    """Say that the thread needs nothing more."""
    return _apply(store, thread_id, version, _status(Status.RESOLVED), _Act(actor, "triage.resolve", now))


def ignore(store: Store, thread_id: str, version: int, *, actor: str, now: datetime) -> Done:
    """Say that the thread is about us and still needs nobody."""
    return _apply(store, thread_id, version, _status(Status.IGNORED), _Act(actor, "triage.ignore", now))


def wait(store: Store, thread_id: str, version: int, *, actor: str, now: datetime) -> Done:
    """Say that it is their turn."""
    return _apply(store, thread_id, version, _status(Status.WAITING), _Act(actor, "triage.wait", now))


def reopen(store: Store, thread_id: str, version: int, *, actor: str, now: datetime) -> Done:
    """Put the thread back into the queue."""

    def change(triage: Triage) -> Triage:
        return replace(triage, status=Status.OPEN, snoozed_until=None, not_about_us=False)

    return _apply(store, thread_id, version, change, _Act(actor, "triage.reopen", now))


def not_about_us(store: Store, thread_id: str, version: int, *, actor: str, now: datetime) -> Done:
    """Say that the thread is about something else that has the same name; it leaves the queue."""

    def change(triage: Triage) -> Triage:
        return replace(triage, status=Status.IGNORED, snoozed_until=None, not_about_us=True)

    return _apply(store, thread_id, version, change, _Act(actor, "triage.not_about_us", now))


def snooze(store: Store, thread_id: str, version: int, until: datetime, *, actor: str, now: datetime) -> Done:
    """Put the thread away until a moment.

    Raises:
        InputError: the moment is past, or more than a year away.
    """
    if not now < until <= now + LONGEST_SNOOZE:
        raise InputError("a thread is snoozed until a moment within the next year")

    def change(triage: Triage) -> Triage:
        return replace(triage, status=Status.SNOOZED, snoozed_until=until)

    return _apply(store, thread_id, version, change, _Act(actor, "triage.snooze", now))


def assign(
    store: Store, thread_id: str, version: int, assignee: str | None, *, actor: str, now: datetime
) -> Done:
    """Give the thread to a user or a team, or to nobody.

    Raises:
        InputError: there is no such user or team, or they may no longer sign in.
    """
    if assignee is not None and assignee not in assignable(store):
        raise InputError(f"no person or team {assignee!r} works here; choose one of the names listed")
    return _apply(
        store,
        thread_id,
        version,
        lambda t: replace(t, assignee=assignee),
        _Act(actor, "triage.assign", now),
    )


class Step(NamedTuple):
    """A change of a thread and the name under which the audit keeps it."""

    change: Change
    action: str


def take_step(store: Store, thread_id: str, version: int, step: Step, *, actor: str, now: datetime) -> Done:
    """Do to a thread what another part of `engage` needs done, by the same rules as every act here."""
    return _apply(store, thread_id, version, step.change, _Act(actor, step.action, now))


def pin(store: Store, thread_id: str, version: int, *, pinned: bool, actor: str, now: datetime) -> Done:
    """Keep the thread at the head of the queue, or no longer."""
    return _apply(
        store,
        thread_id,
        version,
        lambda t: replace(t, pinned=pinned),
        _Act(actor, "triage.pin", now),
    )


def tag(
    store: Store, thread_id: str, version: int, names: Iterable[str], *, actor: str, now: datetime
) -> Done:
    """Set the thread's tags to exactly these.

    Raises:
        InputError: a tag is too long, or there are too many.
    """
    tags = clean_tags(names)
    return _apply(store, thread_id, version, lambda t: replace(t, tags=tags), _Act(actor, "triage.tag", now))


def clean_tags(names: Iterable[str]) -> tuple[str, ...]:
    """Return tags in lower case, each once, by name.

    Raises:
        InputError: a tag is too long, or there are too many.
    """
    tags = sorted({" ".join(name.split()).casefold() for name in names} - {""})
    if len(tags) > MAX_TAGS or any(len(name) > MAX_TAG for name in tags):
        raise InputError(f"a thread carries at most {MAX_TAGS} tags of at most {MAX_TAG} characters")
    return tuple(tags)


def note(store: Store, thread_id: str, text: str, *, note_id: str, actor: str, now: datetime) -> Done:
    """Add a note for colleagues. `note_id` comes with the form, so a resent form is one note.

    Raises:
        InputError: the note is empty or too long.
    """
    text = text.strip()
    if not text or len(text) > MAX_NOTE:
        raise InputError(f"a note has 1 to {MAX_NOTE:,} characters")
    thread = store.thread(thread_id)
    store.add_note(Note(id=note_id, thread_id=thread_id, author=actor, text=text, at=now))
    return thread.triage, _newest(store, thread_id, "note.add")


def correct(store: Store, thread_id: str, correction: Correction) -> Done:
    """Store a person's word against a label."""
    store.correct(correction)
    return store.thread(thread_id).triage, _newest_of(store, correction)


def undo(store: Store, audit_id: int, *, actor: str, now: datetime) -> Done:
    """Take an act back; a second undo of the same act changes nothing.

    Raises:
        NotFound: there is no such act, or it has no inverse.
        Conflict: somebody has since changed the same thing; `fresh` is the thread's triage now.
    """
    record = find_record(store, audit_id)
    if record is None or record.action not in UNDOABLE:
        raise NotFound(f"act {audit_id} cannot be undone; its thread's history shows what can")
    thread_id = thread_of(store, record)
    triage = store.thread(thread_id).triage
    for later in store.audit(target=f"thread:{thread_id}", limit=MEMORY):
        if later.action == f"{UNDO}{audit_id}":
            return triage, later
    if record.action == "note.add":
        return _undo_note(store, record, triage, actor=actor, now=now)
    if record.action == "label.correct":
        return _undo_correction(store, record, triage, actor=actor, now=now)
    return store.triage(thread_id, inverse(record, triage), actor=actor, action=f"{UNDO}{audit_id}", now=now)


def last_act(store: Store, actor: str) -> AuditRecord:
    """Return the actor's newest act that is not undone yet and has an inverse.

    Raises:
        NotFound: there is none.
    """
    undone: set[str] = set()
    for record in store.audit(limit=MEMORY):
        if record.action.startswith(UNDO):
            undone.add(record.action.removeprefix(UNDO))
        elif record.actor == actor and record.action in UNDOABLE and str(record.id) not in undone:
            return record
    raise NotFound("there is nothing of yours to undo")


def inverse(record: AuditRecord, triage: Triage) -> Triage:
    """Return `triage` with the fields that `record` changed as they were before it.

    Raises:
        Conflict: one of these fields was changed again since.
    """
    was, made = recorded(record.before), recorded(record.after)

    def back(before: T, after: T, current: T) -> T:
        if before == after:
            return current
        if current != after:
            raise Conflict("somebody changed this thread since, so it was not undone", fresh=triage)
        return before

    return replace(
        triage,
        status=back(was.status, made.status, triage.status),
        assignee=back(was.assignee, made.assignee, triage.assignee),
        snoozed_until=back(was.snoozed_until, made.snoozed_until, triage.snoozed_until),
        pinned=back(was.pinned, made.pinned, triage.pinned),
        not_about_us=back(was.not_about_us, made.not_about_us, triage.not_about_us),
        tags=back(was.tags, made.tags, triage.tags),
    )


def recorded(data: Mapping[str, object]) -> Triage:
    """Read a triage out of an audit record; its version is not part of it."""
    until, tags, assignee = data.get("snoozed_until"), data.get("tags"), data.get("assignee")
    return Triage(
        status=Status(str(data.get("status") or Status.OPEN.value)),
        assignee=str(assignee) if assignee else None,
        snoozed_until=from_iso(until) if isinstance(until, str) else None,
        pinned=data.get("pinned") is True,
        not_about_us=data.get("not_about_us") is True,
        tags=tuple(str(name) for name in tags) if isinstance(tags, (list, tuple)) else (),
    )


def find_record(store: Store, audit_id: int) -> AuditRecord | None:
    """Return the audit record of that id."""
    found = store.audit(limit=1, before=audit_id + 1)
    return found[0] if found and found[0].id == audit_id else None


def thread_of(store: Store, record: AuditRecord) -> str:
    """Return the id of the thread that a record is about.

    Raises:
        NotFound: it is about something else.
    """
    kind, _, name = record.target.partition(":")
    if kind == "thread":
        return name
    if kind == "mention":
        return store.mention(name).mention.thread_id
    raise NotFound(f"act {record.id} is not about a thread")


class _Act(NamedTuple):
    """Who does what, and when."""

    actor: str
    action: str
    now: datetime


def _status(status: Status) -> Change:
    return lambda triage: replace(triage, status=status, snoozed_until=None)


def _apply(store: Store, thread_id: str, version: int, change: Change, act: _Act, /) -> Done:
    """Store a change; where the thread already is as wanted, return what made it so."""
    current = store.thread(thread_id).triage
    wanted = change(current)
    if wanted == current:
        made = store.audit(target=f"thread:{thread_id}", limit=1)
        if made:
            return current, made[0]
    if current.version != version:
        raise Conflict("somebody changed this thread first; nothing of yours was applied", fresh=current)
    return store.triage(thread_id, wanted, actor=act.actor, action=act.action, now=act.now)


def _newest(store: Store, thread_id: str, action: str) -> AuditRecord:
    for record in store.audit(target=f"thread:{thread_id}", limit=MEMORY):
        if record.action == action:
            return record
    raise NotFound(f"{action} on {thread_id} left no audit record")


def _newest_of(store: Store, correction: Correction) -> AuditRecord:
    for record in store.audit(limit=MEMORY):
        if record.action == "label.correct" and record.actor == correction.by:
            return record
    raise NotFound(f"the correction of {correction.mention_id} left no audit record")


def _undo_note(store: Store, record: AuditRecord, triage: Triage, *, actor: str, now: datetime) -> Done:
    note_id = str(record.after.get("id") or "")
    store.remove_note(note_id, actor=actor, now=now)
    return triage, _newest(store, thread_of(store, record), "note.remove")


def _undo_correction(store: Store, record: AuditRecord, triage: Triage, *, actor: str, now: datetime) -> Done:
    """Put back the word that stood before; without one the model's stands again."""
    mention_id, brand = record.target.partition(":")[2], str(record.after.get("brand") or "")
    at = from_iso(str(record.after["at"]))
    thread = store.thread(thread_of(store, record))
    said = [c for c in thread.corrections if (c.mention_id, c.brand) == (mention_id, brand)]
    if any(c.at > at for c in said):
        raise Conflict("somebody corrected this label since, so it was not undone", fresh=triage)
    earlier = max((c for c in said if c.at < at), key=lambda c: c.at, default=None)
    correction = Correction(
        mention_id=mention_id,
        brand=brand,
        by=actor,
        at=now,
        tone=earlier.tone if earlier else None,
        churn=earlier.churn if earlier else None,
    )
    store.correct(correction)
    return triage, _newest_of(store, correction)
