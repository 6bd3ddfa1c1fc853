"""Where people and accounts stand, kept true: after each change of a thread, and once a day for time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from core.clock import from_iso, iso
from core.customers import Account, Outcome, Override, Person, Standing, judge_account, person_key
from core.errors import InputError, NotFound
from core.evidence import Heard, read_thread
from core.kept import Kept, Sought
from core.ports import Store
from core.stages import GOOD, Evidence, Signal, Stage, judge
from core.thread import Thread
from core.watch import Watch
from engage.customers import (
    ACCOUNT,
    EARFUL,
    MERGED,
    PERSON,
    Move,
    StoredAccount,
    StoredPerson,
    account_item,
    account_of,
    find_account,
    find_person,
    move_item,
    people_by_handle,
    people_in,
    person_item,
    person_of,
    walk,
)

#: How often a change that others won is tried again.
TRIES = 8
#: Quotes of value seen and missed that an account shows.
SHOWN = 5
#: Times we spoke that are kept with an account, the newest.
TOUCHES = 24
#: Time itself moves people: what was said fades, a threat expires. Looked at so often.
SWEEP = timedelta(hours=24)
SWEPT_KIND, SWEPT_KEY = "setting", "customers"
MAX_REASON = 500
#: Records written by one act.
BATCH = 200


def follow(store: Store, thread: Thread, watch: Watch, *, now: datetime) -> int:
    """Bring the people of a thread, and their accounts, up to what it says now; return how many changed."""
    heard = read_thread(thread, watch)
    for _ in range(TRIES):
        written = _follow_once(store, thread.id, heard, now)
        if written is not None:
            return written
    return 0  # others keep changing them, and follow this thread themselves


def _follow_once(store: Store, thread_id: str, heard: Sequence[Heard], now: datetime) -> int | None:
    """Return how many people changed; None where somebody else changed one first."""
    known = people_by_handle(store, [one.handle for one in heard])
    theirs: dict[str, list[Heard]] = defaultdict(list)
    for one in heard:
        item = known.get(one.handle)
        if item is not None or one.evidence:
            theirs[item.key if item else person_key(one.handle.source, one.handle.name)].append(one)
    people = {item.key: person_of(item) for item in known.values()}
    changed: list[Kept] = []
    accounts: set[str] = set()
    for key, said in theirs.items():
        stored = people.get(key) or StoredPerson(person=_stranger(key, said[0]))
        after = _heard(stored.person, thread_id, said)
        if after == stored.person and stored.version:
            continue
        after, moves = rejudged(after, now=now)
        changed += [person_item(after, version=stored.version, by=EARFUL, now=now), *moves]
        accounts.add(after.account)
    people_items = [item for item in changed if item.kind == PERSON]
    if not people_items:
        return 0
    done = {item.key for item in store.keep_all(changed) if item.kind == PERSON}
    for account in sorted(accounts - {""}):
        refresh_account(store, account, now=now)
    return len(done) if len(done) == len(people_items) else None


def _stranger(key: str, heard: Heard) -> Person:
    return Person(key=key, handles=(heard.handle,))


def _heard(person: Person, thread_id: str, said: Sequence[Heard]) -> Person:
    """Return a person with what a thread says under all their handles, and as their pages show them now."""
    found = [evidence for one in said for evidence in one.evidence]
    author = said[-1].author
    return replace(
        person.with_evidence(thread_id, found),
        name=author.name or person.name,
        url=author.url or person.url,
        followers=author.followers if author.followers is not None else person.followers,
    )


def rejudged(person: Person, *, now: datetime) -> tuple[Person, list[Kept]]:
    """Return a person where the rules see them now, and the move where they see them elsewhere."""
    before = person.standing
    verdict = judge(person.evidence, before=before.judged, now=now)
    after = before.moved(verdict, now=now)
    moved = replace(person, standing=after)
    if after.stage is before.stage:
        return moved, []
    move = Move(
        kind=PERSON, key=person.key, before=before.stage, after=after.stage, at=now,
        because=verdict.because, account=person.account,
    )  # fmt: skip
    return moved, [move_item(move)]


def refresh_account(store: Store, key: str, *, now: datetime) -> None:
    """Bring an account up to its people."""
    for _ in range(TRIES):
        item = store.kept_one(ACCOUNT, key)
        if item is None:
            return
        people = [stored.person for stored in people_in(store, key)]
        items = account_items(account_of(item), people, now=now)
        if not items or any(one.kind == ACCOUNT for one in store.keep_all(items)):
            return


def refresh_accounts(store: Store, keys: Sequence[str], *, now: datetime) -> None:
    """Bring accounts up to their contracts and people, many together."""
    for start in range(0, len(keys), BATCH):
        found = store.kept_many(ACCOUNT, keys[start : start + BATCH])
        items: list[Kept] = []
        for item in found.values():
            stored = account_of(item)
            alone = not stored.account.people and stored.account.contract.outcome is not Outcome.LOST
            fresh = alone and stored.account.standing == Standing()
            people = [] if fresh else [one.person for one in people_in(store, item.key)]
            items += account_items(stored, people, now=now)
        store.keep_all(items)


def account_items(stored: StoredAccount, people: Sequence[Person], *, now: datetime) -> list[Kept]:
    """Return an account's next record and its move; nothing where it stands as it stood."""
    account = stored.account
    before = account.standing
    verdict = judge_account(account, people)
    touches = sorted({one.at for p in people for one in p.evidence if one.signal is Signal.TOUCHED})
    after = replace(
        before.moved(verdict, now=now),
        seen=max((p.standing.seen for p in people if p.standing.seen), default=None),
        touched=max((*touches, *(one.at for one in account.contacts)), default=None),
    )
    fresh = replace(
        account,
        standing=after,
        people=len(people),
        touches=tuple(touches[-TOUCHES:]),
        seen=_newest(people, GOOD),
        missed=_newest(people, {Signal.UNHAPPY, Signal.WISHED}),
    )
    if fresh == account:
        return []
    items = [account_item(fresh, version=stored.version, by=EARFUL, now=now)]
    if after.stage is not before.stage:
        move = Move(kind=ACCOUNT, key=account.key, before=before.stage, after=after.stage, at=now,
                    because=verdict.because)  # fmt: skip
        items.append(move_item(move))
    return items


def _newest(people: Iterable[Person], signals: Iterable[Signal]) -> tuple[Evidence, ...]:
    wanted = set(signals)
    found = [one for person in people for one in person.evidence if one.signal in wanted]
    return tuple(sorted(found, key=lambda one: (one.at, one.mention_id), reverse=True)[:SHOWN])


def sweep(store: Store, *, now: datetime) -> int:
    """Judge everybody anew, because time passed; return how many people and accounts changed."""
    people: dict[str, list[Person]] = defaultdict(list)
    changed, batch = 0, list[Kept]()
    for item in walk(store, Sought(kind=PERSON)):
        if item.state == MERGED:
            continue
        stored = person_of(item)
        after, moves = rejudged(stored.person, now=now)
        if after.account:
            people[after.account].append(after)
        told = after.standing != stored.person.standing and _tells(stored.person, after)
        if told or item.due is None:  # as an earlier Earful kept who was never heard
            batch += [person_item(after, version=stored.version, by=EARFUL, now=now), *moves]
        changed, batch = _flushed(store, changed, batch, PERSON)
    for item in walk(store, Sought(kind=ACCOUNT)):
        stored_account = account_of(item)
        batch += account_items(stored_account, people.get(item.key, []), now=now)
        changed, batch = _flushed(store, changed, batch, ACCOUNT)
    return _flushed(store, changed, batch, ACCOUNT, whole=True)[0]


def _tells(before: Person, after: Person) -> bool:
    """Tell whether a person changed by more than the daily fading of their score."""
    return (
        before.standing.stage is not after.standing.stage
        or before.standing.judged is not after.standing.judged
        or abs(before.standing.score - after.standing.score) > 0.1  # noqa: PLR2004 — shown with one digit
    )


def _flushed(
    store: Store, changed: int, batch: list[Kept], kind: str, *, whole: bool = False
) -> tuple[int, list[Kept]]:
    if batch and (whole or len(batch) >= BATCH):
        store.keep_all(batch)
        return changed + sum(item.kind in (kind, PERSON) for item in batch), []
    return changed, batch


def rebuild(store: Store, *, now: datetime) -> int:
    """Read every thread anew, as after an update from an Earful without stages; return how many."""
    watches = {watch.id: watch for watch in store.watches()}
    threads = {one.mention.thread_id for one in store.mentions() if not one.context and not one.own}
    for thread_id in sorted(threads):
        try:
            thread = store.thread(thread_id)
        except NotFound:  # erased since
            continue
        watch = next((watches[name] for name in thread.watches if name in watches), None)
        if watch is not None:
            follow(store, thread, watch, now=now)
    return len(threads)


def sweep_if_due(store: Store, *, now: datetime) -> bool:
    """Sweep where the last one was a day ago; at the very first, read all that was stored before."""
    item = store.kept_one(SWEPT_KIND, SWEPT_KEY)
    last = from_iso(str(item.body["swept"])) if item else None
    if last is not None and now - last < SWEEP:
        return False
    if item is None and not store.kept_counts(Sought(kind=PERSON)):
        rebuild(store, now=now)
    sweep(store, now=now)
    mark = Kept(kind=SWEPT_KIND, key=SWEPT_KEY, body={"swept": iso(now)}, by=EARFUL, at=now,
                version=item.version if item else 0)  # fmt: skip
    store.keep_all([mark])
    return True


def override(
    store: Store, kind: str, key: str, stage: Stage | None, *, reason: str, actor: str, now: datetime
) -> None:
    """Say where a person or an account stands against the rules; None lets the rules count again.

    Raises:
        InputError: no reason was given.
        NotFound: there is no such person or account.
        Conflict: somebody changed them at this very moment.
    """
    reason = " ".join(reason.split())
    if not reason or len(reason) > MAX_REASON:
        raise InputError(f"say why, in 1 to {MAX_REASON} characters; colleagues will ask")
    word = Override(stage=stage, reason=reason, by=actor, at=now) if stage else None
    stored = find_person(store, key) if kind == PERSON else find_account(store, key)
    held: Person | Account = stored.person if isinstance(stored, StoredPerson) else stored.account
    before = held.standing
    target = stage or before.judged
    after = replace(before, override=word, stage=target,
                    since=now if target is not before.stage else before.since)  # fmt: skip
    changed = replace(held, standing=after)
    item = (
        person_item(changed, version=stored.version, by=actor, now=now)
        if isinstance(changed, Person)
        else account_item(changed, version=stored.version, by=actor, now=now)
    )
    store.keep(item)
    if target is not before.stage:
        account = held.account if isinstance(held, Person) else ""
        store.keep_all([move_item(Move(kind=kind, key=held.key, before=before.stage, after=target, at=now,
                                       by=actor, reason=reason, account=account))])  # fmt: skip
    if isinstance(held, Person) and held.account:
        refresh_account(store, held.account, now=now)
