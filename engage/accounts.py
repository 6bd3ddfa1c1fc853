"""Accounts brought in from a table: looked at first, saved as one act, taken back as one act."""

from __future__ import annotations

import enum
import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TypeVar

from core.bodies import body_of, value_of
from core.cells import visible
from core.customers import Account, Contract, Outcome, account_key, opened
from core.errors import InputError, NotFound
from core.kept import Kept, Order, Sought
from core.ports import Store
from engage.customers import ACCOUNT, account_item, account_of, walk
from engage.standing import refresh_accounts
from engage.table import Row, read_table

T = TypeVar("T")

IMPORT, ROW = "import", "import_row"
MAX_KEY = 80
KEY = re.compile(r"[\w.@:/ -]{1,80}")
#: What columns may be called; the first is our own name.
COLUMNS = {
    "key": ("key", "id", "account id", "customer id"),
    "name": ("name", "account", "account name", "company", "customer"),
    "domains": ("domains", "domain", "website", "web site"),
    "tier": ("tier", "plan", "segment"),
    "owner": ("owner", "csm", "account owner"),
    "value": ("value", "arr", "acv", "annual value", "value a year"),
    "start": ("start", "start date", "customer since"),
    "renewal": ("renewal", "renewal date", "renews"),
    "outcome": ("outcome", "renewal outcome"),
    "value_before": ("value before", "previous value", "previous arr", "arr before", "value last year"),
    "value_since": ("value since", "value changed", "arr since"),
}
VALUES = ("value", "value_before")
OUTCOMES = {"": Outcome.OPEN, "churned": Outcome.LOST, "lost": Outcome.LOST, "won": Outcome.RENEWED,
            "upsold": Outcome.EXPANDED, "downgraded": Outcome.SHRUNK}  # fmt: skip


class Change(enum.StrEnum):
    """Name what a row would do."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    BAD = "bad"


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One row: what it would do, or why it cannot."""

    line: int
    change: Change
    key: str = ""
    name: str = ""
    #: The fields that change, from what to what; or what is wrong.
    what: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a table would do to the accounts. Nothing is stored yet."""

    rows: tuple[Told, ...]
    #: Columns that nobody here knows.
    ignored: tuple[str, ...] = ()
    contracts: Mapping[str, Contract] = field(default_factory=dict)

    def count(self, change: Change) -> int:
        """Return how many rows do that."""
        return sum(row.change is change for row in self.rows)


@dataclass(frozen=True, kw_only=True, slots=True)
class Import:
    """A table that was brought in."""

    key: str
    file: str
    at: datetime
    by: str
    new: int
    changed: int
    undone: bool = False


def plan_import(store: Store, chunks: Iterable[bytes]) -> Plan:
    """Read a table of accounts and say, row by row, what it would do.

    Raises:
        InputError: it is no table of accounts at all.
    """
    columns, rows = read_table(chunks)
    names = _known(columns)
    if "name" not in names.values():
        wanted = ", ".join(COLUMNS)
        raise InputError(f"no column is called name; the columns may be {wanted}")
    stored = {item.key: account_of(item).account for item in walk(store, Sought(kind=ACCOUNT))}
    domains = {name: key for key, account in stored.items() for name in account.contract.domains}
    plan: dict[str, Contract] = {}
    told = [_told(row, names, stored, domains, plan) for row in rows]
    if not told:
        raise InputError("the table holds no row below its first line")
    ignored = tuple(visible(name[:60]) for name in columns if name and name not in names)
    return Plan(rows=tuple(told), ignored=ignored, contracts=plan)


def _known(columns: Iterable[str]) -> dict[str, str]:
    """Return our name for each column that we know."""
    alias = {written: name for name, all_written in COLUMNS.items() for written in all_written}
    found: dict[str, str] = {}
    for column in columns:
        name = alias.get(" ".join(column.casefold().replace("_", " ").split()))
        if name and name not in found.values():
            found[column] = name
    return found


def _told(
    row: Row,
    names: Mapping[str, str],
    stored: Mapping[str, Account],
    domains: dict[str, str],
    plan: dict[str, Contract],
) -> Told:
    """Return what a row would do; a good one is put into `plan`, its domains are taken."""
    cells = {name: row.cells.get(column, "") for column, name in names.items()}
    name = visible(cells.get("name", "")[:60])
    try:
        if row.fault:
            raise InputError(row.fault)  # noqa: TRY301 — told like every other fault of the row
        contract = contract_of(cells)
        key = _key(cells, contract, domains)
        before = stored.get(key)
        contract = merged(before.contract if before else None, contract, names.values())
        if key in plan:
            raise InputError(f"the account {key} stands in this table twice")  # noqa: TRY301 — the same
        for each in contract.domains:
            if domains.get(each, key) != key:
                raise InputError(f"{each} belongs to the account {domains[each]} already")  # noqa: TRY301 — the same
    except InputError as error:
        return Told(line=row.line, change=Change.BAD, name=name, what=str(error))
    plan[key] = contract
    domains.update(dict.fromkeys(contract.domains, key))
    if before is None:
        return Told(line=row.line, change=Change.NEW, key=key, name=contract.name)
    what = _difference(before.contract, contract)
    change = Change.CHANGED if what else Change.SAME
    return Told(line=row.line, change=change, key=key, name=contract.name, what=what)


def merged(before: Contract | None, told: Contract, names: Iterable[str]) -> Contract:
    """Return a contract with the fields of `names` as told; what is not told stays as it was.

    Raises:
        InputError: it tells a value before, and not when that changed.
    """
    fields = {each: getattr(told, each) for each in names if each != "key"}
    contract = replace(before, **fields) if before else told
    if contract.value_before is not None and contract.changed_on is None:
        raise InputError("value_before needs value_since, the day on which the value changed")
    return contract


def counts_from(before: Contract | None, after: Contract, *, now: datetime) -> date:
    """Return from which day a value counts that was told at `now`."""
    told = after.changed_on
    return told if told is not None and (before is None or told != before.changed_on) else now.date()


def _key(cells: Mapping[str, str], contract: Contract, domains: Mapping[str, str]) -> str:
    """Return a row's key: its own, else that of the account with its domain, else one made of its name."""
    written = " ".join(cells.get("key", "").split())
    if written:
        if not KEY.fullmatch(written):
            raise InputError(f"{written[:40]!r} is no key; use at most {MAX_KEY} letters, digits, dashes")
        return written
    found = [domains[each] for each in contract.domains if each in domains]
    return found[0] if found else account_key(contract.name)


def contract_of(cells: Mapping[str, str]) -> Contract:
    """Return what cells by our own names tell.

    Raises:
        InputError: a cell cannot be read; the message names it.
    """
    written = re.split(r"[\s,;|]+", cells.get("domains", ""))
    return Contract(
        name=cells.get("name", ""),
        domains=tuple(each for each in written if each),
        tier=cells.get("tier", ""),
        owner=cells.get("owner", ""),
        value=_read(cells, "value", read_value),
        start=_read(cells, "start", read_day),
        renewal=_read(cells, "renewal", read_day),
        outcome=_outcome(cells.get("outcome", "")),
        value_before=_read(cells, "value_before", read_value),
        value_since=_read(cells, "value_since", read_day),
    )


def _read(cells: Mapping[str, str], name: str, read: Callable[[str], T]) -> T | None:
    text = cells.get(name, "").strip()
    try:
        return read(text) if text else None
    except ValueError:
        hint = "a number such as 12000" if name in VALUES else "a date such as 2026-03-31"
        raise InputError(f"{name} {text[:40]!r} cannot be read; write {hint}") from None


def read_day(text: str) -> date:
    """Return the day that a text names: 2026-03-31, 31.03.2026, or a moment's day."""
    found = re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", text)
    if found:
        return date(int(found[3]), int(found[2]), int(found[1]))
    return datetime.fromisoformat(text).date()


def read_value(text: str) -> float:
    """Return the sum that a text names, with or without a currency and separators of thousands."""
    bare = re.sub(r"[\s\u00a0\u202f'_]|[A-Za-z]{3}|[$€£¥]", "", text)
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,2})?", bare) is None:
        raise ValueError(text)
    whole, _, cents = bare.replace(",", ".").rpartition(".")
    if not whole or len(cents) > 2:  # noqa: PLR2004 — three digits after a separator are thousands
        return float(bare.replace(",", "").replace(".", ""))
    return float(f"{whole.replace('.', '')}.{cents}")


def _outcome(text: str) -> Outcome:
    plain = text.strip().casefold()
    if plain in OUTCOMES:
        return OUTCOMES[plain]
    try:
        return Outcome(plain)
    except ValueError:
        raise InputError(f"outcome is {', '.join(Outcome)}, not {text[:40]!r}") from None


def _difference(before: Contract, after: Contract) -> str:
    old, new = body_of(before), body_of(after)
    changed = [name for name in COLUMNS if old.get(name) != new.get(name)]
    return "; ".join(f"{name}: {_shown(old.get(name))} → {_shown(new.get(name))}" for name in changed)


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else "none" if value is None else str(value)


def save_import(store: Store, plan: Plan, *, file: str, actor: str, now: datetime) -> Import:
    """Store what a plan says, as one act with one audit record; it can be taken back.

    What stood before is written first, so that a crash in the middle leaves something to take back.

    Raises:
        InputError: there is nothing to store.
    """
    keys = [row.key for row in plan.rows if row.change in (Change.NEW, Change.CHANGED)]
    if not keys:
        raise InputError("this table changes nothing")
    done = Import(
        key=uuid.uuid4().hex[:12], file=file[:200], at=now, by=actor,
        new=plan.count(Change.NEW), changed=plan.count(Change.CHANGED),
    )  # fmt: skip
    _store_import(store, done, {key: plan.contracts[key] for key in keys}, now)
    store.record(actor=actor, action="account.import", target=f"import:{done.key}", now=now)
    refresh_accounts(store, keys, now=now)
    return done


def _store_import(store: Store, done: Import, waiting: dict[str, Contract], now: datetime) -> None:
    """Store accounts until each holds what was brought in, whoever else changes them meanwhile."""
    items = [_import_item(done, 0)]
    while waiting:
        there = {key: account_of(item) for key, item in store.kept_many(ACCOUNT, waiting).items()}
        rows, accounts = list[Kept](), list[Kept]()
        for key, contract in waiting.items():
            stored = there.get(key)
            before = body_of(stored.account.contract) if stored else None
            rows.append(_row_item(done, key, before, body_of(contract)))
            account = under(stored.account if stored else None, key, contract, now=now)
            version = stored.version if stored else 0
            accounts.append(account_item(account, version=version, by=done.by, now=now))
        saved = {item.key for item in store.keep_all([*items, *rows, *accounts]) if item.kind == ACCOUNT}
        waiting, items = {key: one for key, one in waiting.items() if key not in saved}, []


def under(account: Account | None, key: str, contract: Contract, *, now: datetime) -> Account:
    """Return an account under a contract that was told at `now`; a new one where there is none."""
    if account is None:
        return opened(key, contract, day=now.date())
    return account.under(contract, since=counts_from(account.contract, contract, now=now))


def imports(store: Store, *, limit: int = 20) -> list[Import]:
    """Return what was brought in, newest first."""
    page = store.kept_page(Sought(kind=IMPORT, order=Order.LATEST), limit=limit)
    return [value_of(Import, item.body) for item in page.items]


def undo_import(store: Store, key: str, *, actor: str, now: datetime) -> list[str]:
    """Put back what stood before an import; return the accounts that changed since and are left as they are.

    Raises:
        NotFound: there is no such import.
        InputError: it was taken back already.
    """
    item = store.kept_one(IMPORT, key)
    if item is None:
        raise NotFound(f"there is no import {key!r}; `earful account imports` lists them")
    done = value_of(Import, item.body)
    if done.undone:
        raise InputError("this import was taken back already")
    rows = {
        str(row.body["account"]): row.body for row in walk(store, Sought(kind=ROW, refs=(f"import:{key}",)))
    }
    changed, gone, left = list[Kept](), list[Kept](), list[str]()
    for account, kept in store.kept_many(ACCOUNT, rows).items():
        stored, row = account_of(kept), rows[account]
        if body_of(stored.account.contract) != row["after"]:
            left.append(account)
        elif isinstance(before := row.get("before"), Mapping):
            # What was told is taken back from the day on from which it counted.
            values = stored.account.values
            since = values[-1].since if values else now.date()
            back = stored.account.under(value_of(Contract, before), since=since)
            changed.append(account_item(back, version=stored.version, by=actor, now=now))
        else:
            gone.append(kept)
    store.keep_all([*changed, _import_item(replace(done, undone=True), item.version)])
    store.drop_all(gone)
    store.record(actor=actor, action="account.undo_import", target=f"import:{key}", now=now)
    refresh_accounts(store, [each.key for each in changed], now=now)
    return sorted(left)


def _import_item(done: Import, version: int) -> Kept:
    return Kept(
        kind=IMPORT, key=done.key, body=body_of(done), by=done.by, at=done.at, due=done.at, version=version
    )


def _row_item(done: Import, key: str, before: object, after: object) -> Kept:
    body = {"account": key, "before": before, "after": after}
    refs = (f"import:{done.key}",)
    return Kept(kind=ROW, key=f"{done.key} {key}", body=body, by=done.by, at=done.at, refs=refs)


def file_chunks(read: Callable[[int], bytes]) -> Iterator[bytes]:
    """Yield a file's bytes, some at a time."""
    while chunk := read(64 * 1024):
        yield chunk
