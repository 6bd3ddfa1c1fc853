"""Bring a database to the newest schema, one numbered file at a time."""

from __future__ import annotations

import importlib.resources
import re
from collections.abc import Mapping
from importlib.resources.abc import Traversable

from core.errors import StoreCorrupt, StoreTooNew
from store import analysis
from store.sqlite.connection import Database, Link

#: Marks a file as ours: `Earf`.
APPLICATION_ID = 0x45617266
NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")


def shipped() -> dict[int, str]:
    """Return the migrations that come with this Earful, by number."""
    directory: Traversable = importlib.resources.files("store.sqlite") / "migrations"
    found = {}
    for entry in directory.iterdir():
        if match := NAME.fullmatch(entry.name):
            number = int(match.group(1))
            if number in found:
                raise ValueError(f"two migrations have the number {number}; {entry.name} needs another")
            found[number] = entry.read_text(encoding="utf-8")
    return dict(sorted(found.items()))


def migrate(database: Database, migrations: Mapping[int, str]) -> None:
    """Run what is missing, each file in one transaction: a kill in the middle leaves the version before it.

    Raises:
        StoreTooNew: the file has a later version than the newest migration.
        StoreCorrupt: it is a database of another program.
    """
    newest = max(migrations)
    with database.read() as link:
        version = _version(link, database)
    if version > newest:
        raise StoreTooNew(
            f"{database.path} was written by a newer Earful (schema {version}, this one knows {newest}); "
            "update Earful, or name another data directory"
        )
    while version < newest:
        with database.write() as link:
            # Another process may have been faster.
            version = _version(link, database)
            if version < newest:
                step = min(number for number in migrations if number > version)
                link.connection.execute(migrations[step])
                link.run(f"PRAGMA user_version = {step:d}")
                link.run(f"PRAGMA application_id = {APPLICATION_ID:d}")
                version = step
    _index_anew(database)


def _version(link: Link, database: Database) -> int:
    version = link.number("PRAGMA user_version")
    foreign = link.number("PRAGMA application_id") != APPLICATION_ID
    if foreign and link.number("SELECT count(*) FROM sqlite_schema"):
        raise StoreCorrupt(
            f"{database.path} is the database of another program; name another file with --data"
        )
    return version


def _index_anew(database: Database) -> None:
    """Rebuild the word index where another version of the analysis made it."""
    with database.read() as link:
        if link.one(str, "SELECT value FROM memo WHERE key = 'analysis'") == analysis.VERSION:
            return
    with database.write() as link:
        if link.number("SELECT count(*) FROM body"):
            link.run("INSERT INTO word (word) VALUES ('rebuild')")
        link.run("INSERT OR REPLACE INTO memo VALUES ('analysis', ?)", analysis.VERSION)
