"""Names that repeat in millions of rows, kept once and known by number."""

# The SQL here is put together from our own names; every value is bound.
# ruff: noqa: S608

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable

from core.mention import Author
from store.authors import author_key, shown
from store.sqlite.connection import Link


class Numbers:
    """Give every name its number, within one transaction."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self._sources: dict[str, int] = {}
        self._brands: dict[str, int] = {}
        self._models: dict[str, int] = {}
        self._authors: dict[_Told, int] = {}

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
            self.link.run(f"INSERT OR IGNORE INTO {table} (name) VALUES (?)", name)
            known[name] = self.link.number(f"SELECT id FROM {table} WHERE name = ?", name)
        return known[name]

    def author(self, author: Author) -> int:
        """Return the number of an author as described: another name or address makes another row."""
        (number,) = self.authors([author])
        return number

    def authors(self, authors: Iterable[Author]) -> list[int]:
        """Return the numbers of many authors, in few statements."""
        told, known = [(one.id, one.handle, one.name, one.url) for one in authors], self._authors
        self._meet({digest_of(one): one for one in told if one not in known})
        return [known[one] for one in told]

    def _meet(self, new: dict[int, _Told]) -> None:
        """Give numbers to authors by their digests."""
        if not new:
            return
        known = "SELECT digest, id FROM author WHERE digest IN (SELECT value FROM json_each(?))"
        for digest, number in self.link.connection.execute(known, (json.dumps(list(new)),)):
            self._authors[new.pop(digest)] = number
        if not new:
            return
        last = self.link.number("SELECT max(id) FROM author")
        numbered = [(number, *new[digest], digest) for number, digest in enumerate(new, last + 1)]
        self.link.many(
            "INSERT INTO author (id, service_id, handle, name, url, digest, shown) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(*row, shown(*row[1:4])) for row in numbered],
        )
        keys = {(author_key(part), row[0]) for row in numbered for part in row[1:4] if part}
        self.link.many("INSERT INTO author_key (key, author) VALUES (?, ?)", sorted(keys))
        for row in numbered:
            self._authors[row[1:5]] = row[0]


_Told = tuple[str | None, str | None, str | None, str | None]


@functools.lru_cache(maxsize=20_000)
def digest_of(told: _Told) -> int:
    """Return a number that stands for an author's description."""
    digest = hashlib.blake2b(repr(told).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)
