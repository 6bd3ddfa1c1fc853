"""What every part of the SQLite store stands on."""

from __future__ import annotations

from core.clock import Clock
from store.sqlite.connection import Database


class Part:
    """A group of the port's methods over one database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.clock = clock
