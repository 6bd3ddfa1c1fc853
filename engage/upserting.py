"""One account brought in or kept in step by a program or a form, by the rules of a table's row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from core.customers import Contract
from core.errors import Conflict, InputError
from core.kept import Sought
from core.ports import Store
from engage.accounts import COLUMNS, KEY, MAX_KEY, contract_of, merged, under
from engage.customers import ACCOUNT, StoredAccount, account_item, account_of
from engage.standing import refresh_account
from engage.table import fault_of

#: The nightly sweep may change an account at the same moment.
TRIES = 5


def upsert(
    store: Store, key: str, cells: Mapping[str, str], *, version: int | None = None, actor: str, now: datetime
) -> StoredAccount:
    """Store what cells by our own names tell of an account; what they do not tell stays as it was.

    Args:
        store: where it is kept.
        key: of the account; a new one is made where there is none.
        cells: as in a table of accounts, without the key.
        version: the stored one, 0 for none; None stores over whatever is there.
        actor: whose act it is.
        now: when.

    Raises:
        InputError: a cell cannot be read, or a domain belongs to another account.
        Conflict: the stored version is another.
    """
    if not KEY.fullmatch(key):
        raise InputError(f"{key[:40]!r} is no key; use at most {MAX_KEY} letters, digits, dashes")
    fault = fault_of(list(cells.values()), list(cells))
    unknown = [name for name in cells if name not in COLUMNS or name == "key"]
    if fault or unknown:
        raise InputError(fault or f"there is no field {unknown[0][:40]!r}; there are {', '.join(COLUMNS)}")
    for left in reversed(range(TRIES)):
        item = store.kept_one(ACCOUNT, key)
        before = account_of(item) if item else None
        contract = _contract(store, key, cells, before.account.contract if before else None)
        account = under(before.account if before else None, key, contract, now=now)
        expected = (before.version if before else 0) if version is None else version
        try:
            store.keep(account_item(account, version=expected, by=actor, now=now))
            break
        except Conflict:
            if version is not None or not left:
                raise
    refresh_account(store, key, now=now)
    found = store.kept_one(ACCOUNT, key)
    return account_of(found) if found else StoredAccount(account=account)


def _contract(store: Store, key: str, cells: Mapping[str, str], before: Contract | None) -> Contract:
    usual = {"name": before.name} if before else {}
    contract = merged(before, contract_of({**usual, **cells}), cells)
    for each in contract.domains:
        if before is None or each not in before.domains:
            holders = store.kept_page(Sought(kind=ACCOUNT, refs=(f"domain:{each}",)), limit=2).items
            other = next((one.key for one in holders if one.key != key), None)
            if other is not None:
                raise InputError(f"{each} belongs to the account {other} already")
    return contract
