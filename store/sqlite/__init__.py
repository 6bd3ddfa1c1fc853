"""The store in one SQLite file, over apsw."""

from __future__ import annotations

from pathlib import Path

from core.clock import Clock
from store.sqlite.checks import Checks
from store.sqlite.connection import BUSY_SECONDS, Database
from store.sqlite.desk import Holds
from store.sqlite.kept import KeptThings
from store.sqlite.labels import Labels
from store.sqlite.mentions import Mentions
from store.sqlite.migrate import migrate, shipped
from store.sqlite.moving import Records
from store.sqlite.office import Accounts, Desk
from store.sqlite.queue import Queue
from store.sqlite.search import Searches
from store.sqlite.threads import Threads
from store.sqlite.watches import Watches

#: Seconds after which a search is stopped.
READ_SECONDS = 2.0


class SqliteStore(
    Watches, Mentions, Labels, Threads, Queue, Searches, Accounts, Desk, KeptThings, Holds, Checks, Records
):
    """Everything that `core.ports.Store` promises, in one file, for many threads and processes at once."""

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        clock: Clock,
        read_seconds: float = READ_SECONDS,
        busy_seconds: float = BUSY_SECONDS,
    ) -> SqliteStore:
        """Open or create the database at `path` and bring it to the newest schema.

        Raises:
            StoreTooNew: a newer Earful wrote it.
            StoreCorrupt: it is no Earful database.
            StoreReadOnly: it cannot be created or written.
        """
        database = Database(path, read_seconds=read_seconds, busy_seconds=busy_seconds)
        migrate(database, shipped())
        return cls(database, clock)

    def close(self) -> None:
        """End all connections; a second call does nothing."""
        self.database.close()
