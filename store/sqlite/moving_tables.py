"""Records that are rows of one table: a new column goes with them by itself."""

# The SQL here is put together from our own names; every value is bound.
# ruff: noqa: S608

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.errors import StoreError
from core.records import BETWEEN, Record, place
from store.chain import Row
from store.codecs import dumps
from store.sqlite import kept, ledger
from store.sqlite.connection import Link, Value
from store.wholes import OTHER_AUDIT, audit_record, audit_row, kept_of, kept_record


@dataclass(frozen=True, slots=True)
class Table:
    """One record for each row."""

    kind: str
    table: str
    keys: tuple[str, ...]
    #: Columns that hold JSON, and columns that hold 0 or 1.
    json: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()

    @property
    def tables(self) -> frozenset[str]:
        """The tables that its records are made of."""
        return frozenset({self.table})

    def columns(self, link: Link) -> list[str]:
        """Return the table's columns as they are at this version of the schema."""
        return link.rows(str, "SELECT name FROM pragma_table_info(?) ORDER BY cid", self.table)

    def count(self, link: Link) -> int:
        """Return how many there are."""
        return link.number(f"SELECT count(*) FROM {self.table}")

    def read(self, link: Link, after: Record | None, limit: int) -> list[Record]:
        """Return the first records in order, or those after one."""
        columns, order = self.columns(link), ", ".join(self.keys)
        where, values = "", list[Value]()
        if after is not None:
            values = list(place(after.key))
            where = f"WHERE ({order}) > ({', '.join('?' * len(values))})"
        sql = f"SELECT {', '.join(columns)} FROM {self.table} {where} ORDER BY {order} LIMIT ?"
        return [
            self._record(dict(zip(columns, row, strict=True)))
            for row in link.rows(lambda *row: row, sql, *values, limit)
        ]

    def _record(self, row: dict[str, object]) -> Record:
        for name in self.json:
            row[name] = json.loads(str(row[name]))
        for name in row.keys() & set(self.flags):
            row[name] = bool(row[name])
        return Record(kind=self.kind, key=BETWEEN.join(str(row[name]) for name in self.keys), body=row)

    def write(self, link: Link, records: Sequence[Record]) -> None:
        """Store rows in the place of those of the same key."""
        known = self.columns(link)
        for record in records:
            row = {name: value for name, value in record.body.items() if name in known}
            sql = (
                f"INSERT OR REPLACE INTO {self.table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})"
            )
            link.run(sql, *(self._value(name, value) for name, value in row.items()))

    def _value(self, name: str, value: object) -> Value:
        if name in self.json:
            return dumps(value)
        if value is None or isinstance(value, int | float | str):
            return value
        raise StoreError(f"{self.kind}.{name} cannot hold {value!r}; the record is damaged")

    def remove(self, link: Link, keys: Sequence[str]) -> None:
        """Take rows away."""
        where = " AND ".join(f"{name} = ?" for name in self.keys)
        for key in keys:
            link.run(f"DELETE FROM {self.table} WHERE {where}", *place(key))


class Memo:
    """Small facts; our own notes about this very file stay."""

    tables = frozenset({"memo"})
    #: Stands before every name that is not this file's own; see `Accounts.remember`.
    SIGN = "="

    def count(self, link: Link) -> int:
        """Return how many there are."""
        return link.number("SELECT count(*) FROM memo WHERE substr(key, 1, 1) = ?", self.SIGN)

    def read(self, link: Link, after: Record | None, limit: int) -> list[Record]:
        """Return the first records in order, or those after one."""
        sql = "SELECT key, value FROM memo WHERE key > ? AND substr(key, 1, 1) = ? ORDER BY key LIMIT ?"
        last = self.SIGN + after.key if after else ""
        return link.rows(self._record, sql, last, self.SIGN, limit)

    def _record(self, key: str, value: str) -> Record:
        name = key.removeprefix(self.SIGN)
        return Record(kind="memo", key=name, body={"key": name, "value": value})

    def write(self, link: Link, records: Sequence[Record]) -> None:
        """Store facts."""
        for record in records:
            sql = "INSERT OR REPLACE INTO memo (key, value) VALUES (?, ?)"
            link.run(sql, self.SIGN + record.key, str(record.body["value"]))

    def remove(self, link: Link, keys: Sequence[str]) -> None:
        """Take facts away."""
        for key in keys:
            link.run("DELETE FROM memo WHERE key = ?", self.SIGN + key)


class KeptThings:
    """Things kept by key, with what they refer to."""

    tables = frozenset({"kept", "kept_ref"})

    def count(self, link: Link) -> int:
        """Return how many there are."""
        return link.number("SELECT count(*) FROM kept")

    def read(self, link: Link, after: Record | None, limit: int) -> list[Record]:
        """Return the first records in order, or those after one."""
        kind, key = place(after.key) if after else ("", "")
        sql = f"{kept.KEPT} WHERE (kept.kind, kept.key) > (?, ?) ORDER BY kept.kind, kept.key LIMIT ?"
        return [kept_record(item) for item in link.rows(kept.kept, sql, kind, key, limit)]

    def write(self, link: Link, records: Sequence[Record]) -> None:
        """Store things at their own versions."""
        for record in records:
            item = kept_of(record.body)
            kept.save(link, replace(item, version=item.version - 1), refs_changed=True)

    def remove(self, link: Link, keys: Sequence[str]) -> None:
        """Take things away."""
        for key in keys:
            kept.remove(link, *place(key))


class Audit:
    """The audit as it is, hashes and all, so that its chain holds in the other store too."""

    tables = frozenset({"audit"})

    def count(self, link: Link) -> int:
        """Return how many there are."""
        return link.number("SELECT count(*) FROM audit")

    def read(self, link: Link, after: Record | None, limit: int) -> list[Record]:
        """Return the first records in order, or those after one."""
        sql = f"SELECT {ledger.COLUMNS} FROM audit WHERE id > ? ORDER BY id LIMIT ?"
        return [audit_record(row) for row in link.rows(Row, sql, int(after.key) if after else 0, limit)]

    def write(self, link: Link, records: Sequence[Record]) -> None:
        """Add records to the chain.

        Raises:
            StoreError: another record stands there; the audit is never changed.
        """
        for record in records:
            row = audit_row(record.body)
            there = link.one(Row, f"SELECT {ledger.COLUMNS} FROM audit WHERE id = ?", row.id)
            if there is None:
                link.run(ledger.INSERT, *row)
            elif there.hash != row.hash:
                raise StoreError(OTHER_AUDIT)
            elif row.payload is None and there.payload is not None:
                link.run("UPDATE audit SET payload = NULL WHERE id = ?", row.id)

    def remove(self, _link: Link, _keys: Sequence[str]) -> None:
        """Refuse: the audit is append-only.

        Raises:
            StoreError: always.
        """
        raise StoreError(OTHER_AUDIT)
