"""Names that repeat in millions of rows, kept once and known by number."""

from __future__ import annotations

import hashlib
from core.mention import Author
from store.sqlite.connection import Link, storable


class Numbers:
    """Give every name its number, within one transaction."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self._sources: dict[str, int] = {}
        self._brands: dict[str, int] = {}
        self._models: dict[str, int] = {}
        self._authors: dict[tuple[str | None, ...], int] = {}

    def source(self, name: str) -> int:
        """Return a source's number."""
        return self._number("source", name, self._sources)

    def brand(self, name: str) -> int:
        """Return a brand's number."""
        return self._number("brand", name, self._brands)

    def model(self, name: str) -> int:
        """Return a model's number; never 0, which stands for no answer."""
        return self._number("model", name, self._models)

    def _number(self, table: str, name: str, known: dict[str, int]) -> int:
        if name not in known:
            self.link.run(f"INSERT OR IGNORE INTO {table} (name) VALUES (?)", name)  # noqa: S608 — our own names
            known[name] = self.link.number(f"SELECT id FROM {table} WHERE name = ?", name)  # noqa: S608 — the same
        return known[name]

    def author(self, author: Author) -> int:
        """Return the number of an author as described: another name or address makes another row."""
        told = (author.id, author.handle, author.name, author.url)
        number = self._authors.get(told)
        if number is None:
            number = self._authors[told] = self._author(*told)
        return number

    def _author(self, service_id: str | None, handle: str | None, name: str | None, url: str | None) -> int:
        told = [storable(part) if part is not None else None for part in (service_id, handle, name, url)]
        digest = hashlib.blake2b(repr(told).encode(), digest_size=12).digest()
        known = self.link.number("SELECT id FROM author WHERE digest = ?", digest)
        if known:
            return known
        self.link.run(
            "INSERT INTO author (service_id, handle, name, url, shown, digest) VALUES (?, ?, ?, ?, ?, ?)",
            *told,
            shown(service_id, handle, name),
            digest,
        )
        number = self.link.connection.last_insert_rowid()
        keys = {author_key(part) for part in (service_id, handle, name) if part}
        self.link.many(
            "INSERT INTO author_key (key, author) VALUES (?, ?)", [(key, number) for key in sorted(keys)]
        )
        return number


def shown(service_id: str | None, handle: str | None, name: str | None) -> str:
    """Return what an author is listed as: the handle, else the name, else the id, else nothing."""
    return storable(handle or name or service_id or "")


def author_key(name: str) -> str:
    """Return what `author:` compares: without case and without a leading `@`."""
    return storable(name).casefold().removeprefix("@")
