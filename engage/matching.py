"""Who may be one person, and who may belong to which account: suggested with a reason, decided by people.

Suggestions are made by the daily sweep over everybody and wait in the store, each under a key made of what
it joins, so that one that was declined never comes again. What was accepted can be taken back.
"""

from __future__ import annotations

import contextlib
import enum
import hashlib
import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from core.bodies import body_of, value_of
from core.customers import EVERYBODYS, Account, Person, Seat, folded
from core.errors import Conflict, InputError, NotFound
from core.kept import Kept, KeptPage, Order, Sought
from core.ports import Store
from engage.customers import (
    ACCOUNT,
    MERGED,
    PERSON,
    StoredPerson,
    account_of,
    find_account,
    find_person,
    person_item,
    person_of,
    walk,
)
from engage.standing import follow, refresh_account, rejudged

MATCH = "match"
OPEN, ACCEPTED, DECLINED = "open", "accepted", "declined"
#: Shorter names, and those that many people have, tell nothing.
SHORTEST, MOST_ALIKE = 4, 4
USUAL = frozenset(
    {"admin", "user", "test", "support", "info", "guest", "anonymous", "deleted", "john", "alex"}
)
MAX_SUGGESTED = 20_000
BATCH = 500
EMAIL = re.compile(r"[^\s@]{1,64}@[\w-]+(\.[\w-]+)+")


class Why(enum.StrEnum):
    """Name why a match is suggested."""

    SAME_HANDLE = "same_handle"
    LINKED_PROFILE = "linked_profile"
    DOMAIN = "domain"


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """Two people who may be one, or a person who may belong to an account."""

    key: str
    why: Why
    person: str
    #: The other person's key, or empty.
    other: str = ""
    #: The account's key, or empty.
    account: str = ""
    state: str = OPEN
    #: What tells: a domain, an address.
    detail: str = ""


def suggest(store: Store, people: Sequence[Person], accounts: Sequence[Account], *, now: datetime) -> int:
    """Store what is suggested and was not before; return how many."""
    found = {match.key: match for match in itertools.islice(suggestions(people, accounts), MAX_SUGGESTED)}
    fresh = 0
    keys = list(found)
    for start in range(0, len(keys), BATCH):
        step = keys[start : start + BATCH]
        there = store.kept_many(MATCH, step)
        items = [_item(found[key], now) for key in step if key not in there]
        fresh += len(store.keep_all(items))
    return fresh


def suggestions(people: Sequence[Person], accounts: Sequence[Account]) -> Iterator[Match]:
    """Yield who may be one person, and who may belong to an account. Pure."""
    names: dict[str, dict[str, Person]] = defaultdict(dict)
    pages: dict[str, dict[str, Person]] = defaultdict(dict)
    for person in people:
        for handle in person.handles:
            names[folded(handle.name).partition("@")[0]][person.key] = person
        if page := _page(person.url):
            pages[page][person.key] = person
    for page, alike in pages.items():
        yield from _pairs(alike.values(), Why.LINKED_PROFILE, page)
    for name, alike in names.items():
        if len(name) >= SHORTEST and name not in USUAL and len(alike) <= MOST_ALIKE:
            yield from _pairs(alike.values(), Why.SAME_HANDLE, "")
    yield from _places(people, accounts)


def _places(people: Sequence[Person], accounts: Sequence[Account]) -> Iterator[Match]:
    owners = {name: account.key for account in accounts for name in account.contract.domains}
    for person in people:
        if not person.account:
            for name in _domains(person):
                if name in owners:
                    key = _key(Why.DOMAIN, person.key, owners[name])
                    yield Match(key=key, why=Why.DOMAIN, person=person.key, account=owners[name], detail=name)
                    break


def _pairs(alike: Iterable[Person], why: Why, detail: str) -> Iterator[Match]:
    ordered = sorted(alike, key=lambda person: person.key)
    for one, other in itertools.combinations(ordered[: MOST_ALIKE + 1], 2):
        if {handle.source for handle in one.handles} & {handle.source for handle in other.handles}:
            continue  # two handles on one source are two people until somebody says otherwise
        yield Match(
            key=_key(why, one.key, other.key), why=why, person=one.key, other=other.key, detail=detail
        )


def _key(why: Why, one: str, other: str) -> str:
    kind = "account" if why is Why.DOMAIN else "person"
    return hashlib.blake2b(f"{kind}\x00{one}\x00{other}".encode(), digest_size=10).hexdigest()


def _page(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    path = parts.path.rstrip("/")
    return (
        f"{(parts.hostname or '').removeprefix('www.')}{path}".casefold() if parts.hostname and path else ""
    )


def _domains(person: Person) -> Iterator[str]:
    """Yield the domains that a person shows, with those that they lie in."""
    shown = [handle.name.rpartition("@")[2] for handle in person.handles if "@" in handle.name.strip("@")]
    shown.append(person.email.rpartition("@")[2])
    with contextlib.suppress(ValueError):
        shown.append(urlsplit(person.url).hostname or "")
    for name in shown:
        labels = name.casefold().removeprefix("www.").split(".")
        for start in range(len(labels) - 1):
            whole = ".".join(labels[start:])
            if whole not in EVERYBODYS:
                yield whole


def matches(store: Store, *, state: str = OPEN, after: str | None = None, limit: int = 50) -> KeptPage:
    """Return a page of matches."""
    return store.kept_page(Sought(kind=MATCH, states=(state,), order=Order.LATEST), limit=limit, after=after)


def match_of(item: Kept) -> Match:
    """Return the match that is kept."""
    return value_of(Match, item.body)


def decide(store: Store, key: str, state: str, *, actor: str, now: datetime) -> Match:
    """Accept or decline a match, or take an acceptance back by declining it.

    Raises:
        NotFound: there is no such match.
        Conflict: somebody decided first.
    """
    item = store.kept_one(MATCH, key)
    if item is None:
        raise NotFound("there is no such match; it was taken away")
    match = match_of(item)
    if match.state == state:
        return match
    decided = replace(match, state=state)
    store.keep(replace(_item(decided, now), version=item.version, by=actor))
    if state == ACCEPTED and match.account:
        place(store, match.person, match.account, actor=actor, now=now)
    elif state == ACCEPTED:
        merge(store, match.person, match.other, actor=actor, now=now)
    elif match.state == ACCEPTED and match.account:
        place(store, match.person, "", actor=actor, now=now)
    elif match.state == ACCEPTED:
        part(store, match.other, actor=actor, now=now)
    return decided


def _item(match: Match, now: datetime) -> Kept:
    refs = [f"person:{match.person}", f"person:{match.other}", f"account:{match.account}"]
    return Kept(
        kind=MATCH, key=match.key, body=body_of(match), by="earful", at=now, state=match.state, due=now,
        refs=tuple(ref for ref in refs if not ref.endswith(":")),
    )  # fmt: skip


def place(
    store: Store, person: str, account: str, *, seat: Seat | None = None, actor: str, now: datetime
) -> None:
    """Say to which account a person belongs, empty for none, and what part they have in it.

    Raises:
        NotFound: there is no such person or account.
        Conflict: somebody changed the person at this very moment.
    """
    stored = find_person(store, person)
    if account:
        find_account(store, account)
    before = stored.person.account
    changed = replace(stored.person, account=account, matched_by=actor, seat=seat or stored.person.seat)
    _save(store, stored, changed, actor, now)
    for each in sorted({before, account} - {""}):
        refresh_account(store, each, now=now)


def merge(store: Store, into: str, other: str, *, actor: str, now: datetime) -> None:
    """Make one person of two; `part` makes them two again.

    Raises:
        InputError: they are one already.
        NotFound: one of them is not known.
    """
    first, second = find_person(store, into), find_person(store, other)
    if first.person.key == second.person.key:
        raise InputError("these are one person already")
    one, two = first.person, second.person
    merged = replace(
        one,
        handles=tuple(dict.fromkeys((*one.handles, *two.handles))),
        name=one.name or two.name,
        account=one.account or two.account,
        evidence=tuple(sorted((*one.evidence, *two.evidence), key=lambda e: (e.at, e.mention_id, e.signal))),
    )
    merged, moves = rejudged(merged, now=now)
    gone = Kept(
        kind=PERSON, key=two.key, body={"into": one.key, "was": body_of(two)}, by=actor, at=now,
        version=second.version, state=MERGED,
    )  # fmt: skip
    written = store.keep_all([gone, person_item(merged, version=first.version, by=actor, now=now)])
    if len(written) != 2:  # noqa: PLR2004 — both of them
        raise Conflict("somebody changed one of them first; look again", fresh=None)
    store.keep_all(moves)
    store.record(actor=actor, action="person.merge", target=f"person:{one.key}", now=now)
    for each in sorted({one.account, two.account} - {""}):
        refresh_account(store, each, now=now)


def part(store: Store, key: str, *, actor: str, now: datetime) -> None:
    """Make two people again of one who was merged, and read anew what each said.

    Raises:
        NotFound: nobody of that key was merged.
    """
    item = store.kept_one(PERSON, key)
    was = item.body.get("was") if item is not None and item.state == MERGED else None
    if item is None or not isinstance(was, Mapping):
        raise NotFound("these two are not one person; nothing to take back")
    two = value_of(Person, was)
    stored = find_person(store, str(item.body.get("into")))
    theirs = set(two.handles)
    threads = {one.thread_id for one in stored.person.evidence}
    one = replace(
        stored.person,
        handles=tuple(handle for handle in stored.person.handles if handle not in theirs),
        evidence=(),
    )
    store.keep_all(
        [
            person_item(one, version=stored.version, by=actor, now=now),
            person_item(replace(two, evidence=()), version=item.version, by=actor, now=now),
        ]
    )
    store.record(actor=actor, action="person.part", target=f"person:{key}", now=now)
    _read_anew(store, threads | {said.thread_id for said in two.evidence}, now)
    for each in sorted({stored.person.account, two.account} - {""}):
        refresh_account(store, each, now=now)


def _read_anew(store: Store, threads: Iterable[str], now: datetime) -> None:
    watches = {watch.id: watch for watch in store.watches()}
    for thread_id in sorted(threads):
        try:
            thread = store.thread(thread_id)
        except NotFound:
            continue
        watch = next((watches[name] for name in thread.watches if name in watches), None)
        if watch is not None:
            follow(store, thread, watch, now=now)


def tell_email(store: Store, person: str, email: str, *, actor: str, now: datetime) -> None:
    """Keep an e-mail address of a person, which tells their account where its domain is known.

    Raises:
        InputError: it is no address.
    """
    email = email.strip()
    host = email.rpartition("@")[2]
    if email and not EMAIL.fullmatch(email):
        raise InputError("write an address such as ada@acme.example")
    stored = find_person(store, person)
    changed = replace(stored.person, email=email)
    _save(store, stored, changed, actor, now)
    sought = Sought(kind=ACCOUNT, refs=(f"domain:{host.casefold()}",))
    accounts = [account_of(item).account for item in walk(store, sought)]
    suggest(store, [changed], accounts, now=now)


def _save(store: Store, stored: StoredPerson, changed: Person, actor: str, now: datetime) -> None:
    done = store.keep_all([person_item(changed, version=stored.version, by=actor, now=now)])
    if not done:
        raise Conflict("somebody changed this person first; look again", fresh=None)
    store.record(actor=actor, action="person.save", target=f"person:{changed.key}", now=now)


def suggest_for_all(store: Store, *, now: datetime) -> int:
    """Look at everybody for matches; return how many are new."""
    people = [person_of(item).person for item in walk(store, Sought(kind=PERSON)) if item.state != MERGED]
    accounts = [account_of(item).account for item in walk(store, Sought(kind=ACCOUNT))]
    return suggest(store, people, accounts, now=now)
