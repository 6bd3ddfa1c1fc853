"""What accounts were worth when a period began and are worth now: gross and net revenue retention."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from core.customers import Account, Outcome

#: Outcomes that say of themselves that the value was no other before.
UNCHANGED = (Outcome.RENEWED, Outcome.LOST)


@dataclass(frozen=True, kw_only=True, slots=True)
class Revenue:
    """One account's value a year, when a period began and when it ended."""

    account: Account
    then: float
    now: float
    #: Nobody told what it was worth then: the first value that was told counts.
    assumed: bool = False


def value_at(account: Account, day: date) -> float | None:
    """Return what an account was worth a year on a day; None where nobody told."""
    contract = account.contract
    told = [one for one in account.values if one.since <= day]
    if told:
        # Of two about the same day the one told later counts.
        newest = max(one.since for one in told)
        return [one.value for one in told if one.since == newest][-1]
    changed = contract.changed_on
    if contract.value_before is not None and changed is not None:
        return contract.value_before if day < changed else contract.value
    return contract.value if contract.outcome in UNCHANGED else None


def revenues(began: Iterable[Account], begin: date, end: date) -> list[Revenue]:
    """Return the worth of accounts that were with us on `begin`; those without any value are left out."""
    found = []
    for account in began:
        then, last = value_at(account, begin), value_at(account, end)
        now = account.contract.value if last is None else last
        first = account.values[0].value if account.values else now
        told = first if then is None else then
        if told is None and now is None:
            continue
        lost = account.contract.outcome is Outcome.LOST
        found.append(
            Revenue(account=account, then=told or 0.0, now=0.0 if lost else now or 0.0, assumed=then is None)
        )
    return found


def gross(rows: Sequence[Revenue]) -> float | None:
    """Return the share of the value kept, growth left out; None where there was none."""
    whole = sum(row.then for row in rows)
    return sum(min(row.then, row.now) for row in rows) / whole if whole else None


def net(rows: Sequence[Revenue]) -> float | None:
    """Return the share of the value kept with growth; None where no value then is told of who stayed."""
    whole = sum(row.then for row in rows)
    grown = any(not row.assumed and row.account.contract.outcome is not Outcome.LOST for row in rows)
    return sum(row.now for row in rows) / whole if whole and grown else None
