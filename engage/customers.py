"""People and accounts in the store: read, changed, and kept in step with what is said."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from core.bodies import body_of, value_of
from core.clock import iso
from core.customers import Account, Handle, Person, person_key
from core.errors import NotFound
from core.kept import Kept, Order, Sought
from core.ports import Store
from core.stages import Because, Stage

PERSON, ACCOUNT, MOVE = "person", "account", "move"
EARFUL = "earful"
#: The state of a record whose person is kept under another key.
MERGED = "merged"
#: When somebody who never said anything that counts was last heard: they stand at the end of every list.
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
#: Records read at once by a walk over all.
STEP = 500
#: Parts of an account or a person that may be long, and that lists and sums do without.
QUOTING = frozenset({"seen", "missed", "touches", "contacts", "evidence"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """A person or an account went from one stage to another."""

    #: `person` or `account`, and the key.
    kind: str
    key: str
    before: Stage
    after: Stage
    at: datetime
    by: str = EARFUL
    because: tuple[Because, ...] = ()
    #: A person's own words, where a person decided.
    reason: str = ""
    #: The account's key where a person moved who belongs to one.
    account: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredPerson:
    """A person with what a compare-and-set needs."""

    person: Person
    version: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredAccount:
    """An account with what a compare-and-set needs."""

    account: Account
    version: int = 0


def person_item(person: Person, *, version: int, by: str, now: datetime) -> Kept:
    """Return a person as it is kept."""
    return Kept(
        kind=PERSON,
        key=person.key,
        body=body_of(person),
        by=by,
        at=now,
        version=version,
        state=person.standing.stage.value,
        due=person.standing.seen or NEVER,
        refs=person.refs,
    )


def account_item(account: Account, *, version: int, by: str, now: datetime) -> Kept:
    """Return an account as it is kept."""
    return Kept(
        kind=ACCOUNT,
        key=account.key,
        body=body_of(account),
        by=by,
        at=now,
        version=version,
        state=account.standing.stage.value,
        due=account.due,
        refs=account.refs,
    )


def move_item(move: Move) -> Kept:
    """Return a move as it is kept: the same move twice is one."""
    said = "\x00".join((move.kind, move.key, move.before, move.after, iso(move.at)))
    refs = [f"{move.kind}:{move.key}"]
    if move.account:
        refs.append(f"account:{move.account}")
    return Kept(
        kind=MOVE,
        key=hashlib.blake2b(said.encode(), digest_size=10).hexdigest(),
        body=body_of(move),
        by=move.by,
        at=move.at,
        state=f"{move.kind}:{move.before}:{move.after}",
        due=move.at,
        refs=tuple(refs),
    )


def person_of(item: Kept) -> StoredPerson:
    """Return the person that is kept."""
    return StoredPerson(person=value_of(Person, item.body), version=item.version)


def account_of(item: Kept) -> StoredAccount:
    """Return the account that is kept."""
    return StoredAccount(account=value_of(Account, item.body), version=item.version)


def saying(item: Kept, wanted: Callable[[Mapping[str, object]], bool]) -> Person:
    """Return the person that is kept, with only the wanted ones of what they said, and without reasons.

    Lists look at hundreds of people with up to 200 signs each, of which they show a few.
    """
    said = item.body.get("evidence")
    kept = [one for one in said if wanted(one)] if isinstance(said, list) else []
    return value_of(Person, {**_outline(item, ()), "evidence": kept})


def outline_of(item: Kept, *more: str) -> Account:
    """Return an account as lists and sums need it: without quotes, reasons and touches but those of `more`.

    That takes a third of the time, which counts where all accounts are read for one page.
    """
    return value_of(Account, _outline(item, more))


def _outline(item: Kept, more: Sequence[str]) -> dict[str, object]:
    told = {name: part for name, part in item.body.items() if name not in QUOTING or name in more}
    standing = told.get("standing")
    if isinstance(standing, Mapping):
        told["standing"] = {name: part for name, part in standing.items() if name != "because"}
    return told


def find_person(store: Store, person_id: str) -> StoredPerson:
    """Return a person by key, or by `SOURCE:HANDLE`; one that was merged leads to the one it went into.

    Raises:
        NotFound: nobody of that name said anything that counts.
    """
    source, colon, name = person_id.partition(":")
    key = person_key(source, name) if colon else person_id
    item = store.kept_one(PERSON, key)
    if item is not None and item.state == MERGED:
        item = store.kept_one(PERSON, str(item.body.get("into", "")))
    if item is None or item.state == MERGED:
        raise NotFound(f"nobody is known as {person_id!r}; look for them in the search")
    return person_of(item)


def find_account(store: Store, key: str) -> StoredAccount:
    """Return an account.

    Raises:
        NotFound: there is none of that key.
    """
    item = store.kept_one(ACCOUNT, key)
    if item is None:
        raise NotFound(f"there is no account {key!r}; look for it among the accounts")
    return account_of(item)


def people_in(store: Store, account: str) -> list[StoredPerson]:
    """Return everybody who belongs to an account."""
    return [person_of(item) for item in walk(store, Sought(kind=PERSON, refs=(f"account:{account}",)))]


def moves_of(store: Store, kind: str, key: str, *, limit: int = 50) -> list[Move]:
    """Return the moves of one person or account, newest first."""
    sought = Sought(kind=MOVE, refs=(f"{kind}:{key}",), order=Order.LATEST)
    return [value_of(Move, item.body) for item in store.kept_page(sought, limit=limit).items]


def walk(store: Store, sought: Sought) -> Iterator[Kept]:
    """Yield all that is sought, page by page."""
    after: str | None = None
    while True:
        page = store.kept_page(sought, limit=STEP, after=after)
        yield from page.items
        after = page.next
        if after is None:
            return


def keys_of(handles: Iterable[Handle]) -> list[str]:
    """Return the keys that handles have of themselves."""
    return [person_key(handle.source, handle.name) for handle in handles]


def people_by_handle(store: Store, handles: Sequence[Handle]) -> dict[Handle, Kept]:
    """Return who is behind handles; those that nobody is known by are left out."""
    keys = dict(zip(handles, keys_of(handles), strict=True))
    found = store.kept_many(PERSON, keys.values())
    into = {str(one.body.get("into", "")) for one in found.values() if one.state == MERGED}
    found |= store.kept_many(PERSON, into) if into else {}
    told: dict[Handle, Kept] = {}
    for handle, key in keys.items():
        item = found.get(key)
        if item is not None and item.state == MERGED:
            item = found.get(str(item.body.get("into", "")))
        if item is not None and item.state != MERGED:
            told[handle] = item
    return told
