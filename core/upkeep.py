"""What keeps an engine sound, and what it tells about itself."""

from __future__ import annotations

from typing import Protocol

from core.records import DeadLetter
from core.said import Said


class Upkeep(Protocol):
    """Look after what is stored."""

    def dead_letters(self) -> list[DeadLetter]:
        """Return what the engine refused to store; nothing of it is lost."""
        ...

    def replay(self) -> int:
        """Send dead letters once more, as after a mapping was mended; return how many were taken."""
        ...

    def scrub_dead_letters(self, said: Said) -> int:
        """Take everybody who was erased, and what they said, out of dead letters; return how many it was."""
        ...

    def under_way(self) -> list[str]:
        """Return in plain words what the engine is at that people may notice; empty for nothing."""
        ...

    def check(self) -> list[str]:
        """Return what is wrong with the stored data in plain words; empty for nothing."""
        ...
