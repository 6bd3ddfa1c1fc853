"""Turns at asking a host, agreed on between processes on any number of machines."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol


class Turns(Protocol):
    """Give out turns; where nobody can be asked, every process keeps its own delay alone."""

    def take(self, host: str, *, delay: timedelta, most: timedelta) -> timedelta:
        """Return how long to wait before asking a host; the next turn begins `delay` after this one.

        A wait longer than `most` is only told: no turn is taken.
        """
        ...

    def leave_alone(self, host: str, wait: timedelta) -> None:
        """Tell everybody that a host asked not to be asked for a while."""
        ...
