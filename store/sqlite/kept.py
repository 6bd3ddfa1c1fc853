"""Things kept by key: set up by people, or known of customers."""

# The SQL here is put together from our own names; every value is bound.
# ruff: noqa: S608

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from core.clock import iso
from core.erasure import KIND as ERASURE
from core.erasure import SECRET, Eraser, eraser
from core.errors import Conflict, InputError
from core.kept import Kept, KeptPage, Order, Sought
from store.codecs import dumps, loads, maybe_micros, maybe_moment, micros, moment
from store.sqlite import ledger
from store.sqlite.connection import Link, Value
from store.sqlite.part import Part

COLUMNS = "kept.kind, kept.key, body, by, at, version, state, due"
REFS = "(SELECT json_group_array(ref) FROM kept_ref AS r WHERE r.kind = kept.kind AND r.key = kept.key)"
KEPT = f"SELECT {COLUMNS}, {REFS} FROM kept"
ONE = f"{KEPT} WHERE kept.kind = ? AND kept.key = ?"
MANY = f"{KEPT} WHERE kept.kind = ? AND kept.key IN (SELECT value FROM json_each(?))"
SAVE = """
INSERT OR REPLACE INTO kept (kind, key, body, by, at, version, state, due) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
SUMS = """
SELECT state, total(CASE WHEN json_type(body, ?) IN ('integer', 'real') THEN json_extract(body, ?) END)
FROM kept WHERE kind = ? GROUP BY state
"""
#: Things read at once by an enumeration.
STEP = 500


class KeptThings(Part):
    """Keep things under a kind and a key."""

    def kept(self, kind: str) -> list[Kept]:
        """Return all things of a kind, by key."""
        with self.database.read() as link:
            return link.rows(kept, f"{KEPT} WHERE kept.kind = ? ORDER BY kept.key", kind)

    def keep(self, item: Kept) -> Kept:
        """Store a thing by compare-and-set on its version; raises `Conflict`."""
        with self.database.write() as link:
            stored = link.one(kept, ONE, item.kind, item.key)
            if (stored.version if stored else 0) != item.version:
                raise Conflict("somebody saved this first; nothing of yours was applied", fresh=stored)
            save(link, item, refs_changed=stored is None or stored.refs != item.refs)
            ledger.write(
                link,
                actor=item.by,
                action=f"{item.kind}.save",
                target=f"{item.kind}:{item.key}",
                now=item.at,
                before=dict(stored.body) if stored else {},
                after=dict(item.body),
            )
            fresh = link.one(kept, ONE, item.kind, item.key)
        return fresh or item

    def drop(self, kind: str, key: str, *, actor: str, now: datetime) -> None:
        """Take a thing away; its audit record keeps what it was."""
        with self.database.write() as link:
            stored = link.one(kept, ONE, kind, key)
            if stored is None:
                return
            remove(link, kind, key)
            ledger.write(
                link,
                actor=actor,
                action=f"{kind}.remove",
                target=f"{kind}:{key}",
                now=now,
                before={**stored.body, "by": stored.by, "at": iso(stored.at)},
            )

    def kept_one(self, kind: str, key: str) -> Kept | None:
        """Return one thing; None where there is none."""
        with self.database.read() as link:
            return link.one(kept, ONE, kind, key)

    def kept_many(self, kind: str, keys: Iterable[str]) -> dict[str, Kept]:
        """Return things by key; those that are not there are left out."""
        with self.database.read() as link:
            found = link.rows(kept, MANY, kind, json.dumps(list(keys)))
        return {item.key: item for item in found}

    def kept_page(self, sought: Sought, *, limit: int = 50, after: str | None = None) -> KeptPage:
        """Return a page of what is sought."""
        where, values = _where(sought)
        latest = sought.order is Order.LATEST
        order = "kept.key" if sought.order is Order.KEY else f"due {'DESC' if latest else ''}, kept.key"
        if sought.order is not Order.KEY:
            where.append("due IS NOT NULL")
        if after is not None:
            due, key = _after(after, sought.order)
            if sought.order is Order.KEY:
                where.append("kept.key > ?")
                values.append(key)
            else:
                where.append(f"(due {'<' if latest else '>'} ? OR (due = ? AND kept.key > ?))")
                values += [due, due, key]
        sql = f"{KEPT} WHERE {' AND '.join(where)} ORDER BY {order} LIMIT ?"
        with self.database.read() as link:
            found = link.rows(kept, sql, *values, limit + 1)
        items = tuple(found[:limit])
        return KeptPage(items=items, next=_mark(items[-1]) if len(found) > limit else None)

    def kept_counts(self, sought: Sought) -> dict[str, int]:
        """Return how many of what is sought have each state."""
        where, values = _where(sought)
        sql = f"SELECT state, count(*) FROM kept WHERE {' AND '.join(where)} GROUP BY state"
        with self.database.read() as link:
            return dict(link.rows(lambda state, number: (str(state), int(number)), sql, *values))

    def kept_sums(self, kind: str, *path: str) -> dict[str, float]:
        """Return by state what the numbers at one place in the bodies of a kind add up to."""
        place = "$" + "".join(f".{json.dumps(name)}" for name in path)
        with self.database.read() as link:
            return dict(link.rows(lambda state, value: (str(state), float(value)), SUMS, place, place, kind))

    def keep_all(self, items: Sequence[Kept]) -> list[Kept]:
        """Store things whose version is the stored one, as one act; return those that were."""
        done: list[Kept] = []
        with self.database.write() as link:
            for item in items:
                stored = link.one(kept, ONE, item.kind, item.key)
                if (stored.version if stored else 0) == item.version:
                    save(link, item, refs_changed=stored is None or stored.refs != item.refs)
                    done.append(replace(item, version=item.version + 1))
        return done

    def drop_all(self, items: Sequence[Kept]) -> int:
        """Take away things whose version is the stored one; return how many."""
        done = 0
        with self.database.write() as link:
            for item in items:
                stored = link.number(
                    "SELECT version FROM kept WHERE kind = ? AND key = ?", item.kind, item.key
                )
                if stored and stored == item.version:
                    remove(link, item.kind, item.key)
                    done += 1
        return done

    def all_kept(self) -> Iterator[Kept]:
        """Yield everything kept, by kind and key."""
        place: tuple[str, str] = ("", "")
        sql = f"{KEPT} WHERE (kept.kind, kept.key) > (?, ?) ORDER BY kept.kind, kept.key LIMIT ?"
        while True:
            with self.database.read() as link:
                found = link.rows(kept, sql, *place, STEP)
            yield from found
            if len(found) < STEP:
                return
            place = (found[-1].kind, found[-1].key)

    def expunge(self) -> None:
        """Take away authors of whom nothing is left, and empty the log; pages are overwritten anyway."""
        with self.database.write() as link:
            link.run("DELETE FROM author WHERE id NOT IN (SELECT author FROM mention)")
        self.database.shrink_log()


def eraser_in(link: Link) -> Eraser:
    """Return what recognises everybody who was erased."""
    keys = link.rows(str, "SELECT key FROM kept WHERE kind = ?", ERASURE)
    secret = link.one(str, "SELECT value FROM memo WHERE key = ?", f"={SECRET}") if keys else None
    return eraser(secret, keys)


def save(link: Link, item: Kept, *, refs_changed: bool) -> None:
    """Store a thing as its next version."""
    link.run(
        SAVE,
        item.kind,
        item.key,
        dumps(dict(item.body)),
        item.by,
        micros(item.at),
        item.version + 1,
        item.state,
        maybe_micros(item.due),
    )
    if refs_changed:
        link.run("DELETE FROM kept_ref WHERE kind = ? AND key = ?", item.kind, item.key)
        for ref in item.refs:
            link.run(
                "INSERT OR IGNORE INTO kept_ref (kind, ref, key) VALUES (?, ?, ?)", item.kind, ref, item.key
            )


def remove(link: Link, kind: str, key: str) -> None:
    """Take a thing away with its references."""
    link.run("DELETE FROM kept WHERE kind = ? AND key = ?", kind, key)
    link.run("DELETE FROM kept_ref WHERE kind = ? AND key = ?", kind, key)


def _where(sought: Sought) -> tuple[list[str], list[Value]]:
    where, values = ["kept.kind = ?"], list[Value]([sought.kind])
    if len(sought.states) == 1:  # said so, the index of states gives the order too, and nothing is sorted
        where.append("state = ?")
        values.append(sought.states[0])
    elif sought.states:
        where.append("state IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(list(sought.states)))
    for ref in sought.refs:
        where.append("kept.key IN (SELECT key FROM kept_ref WHERE kind = ? AND ref = ?)")
        values += [sought.kind, ref]
    if sought.since is not None:
        where.append("due >= ?")
        values.append(micros(sought.since))
    if sought.until is not None:
        where.append("due < ?")
        values.append(micros(sought.until))
    return where, values


def _mark(item: Kept) -> str:
    return f"{'' if item.due is None else micros(item.due)}.{item.key}"


def _after(mark: str, order: Order) -> tuple[int, str]:
    """Return the place that a page's `next` names.

    Raises:
        InputError: it is none of ours.
    """
    due, dot, key = mark.partition(".")
    if not dot or (order is not Order.KEY and not due.removeprefix("-").isdecimal()):
        raise InputError("this page does not exist; start from the first one")
    return int(due) if order is not Order.KEY else 0, key


def kept(  # noqa: PLR0917 — the columns of a row
    kind: str, key: str, body: str, by: str, at: int, version: int, state: str, due: int | None, refs: str
) -> Kept:
    """Return a thing from its columns."""
    return Kept(
        kind=kind,
        key=key,
        body=loads(body),
        by=by,
        at=moment(at),
        version=version,
        state=state,
        due=maybe_moment(due),
        refs=tuple(json.loads(refs)),
    )
