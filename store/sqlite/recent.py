"""Answers that stand on a sample, told again for a short while instead of worked out anew for each reader."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")

#: Seconds for which an estimate is told again.
SECONDS = 60.0


class Recent(Generic[T]):
    """The answers of the last minute by what was asked, the newest `most` of them; for many threads."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._told: OrderedDict[Hashable, tuple[float, T]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, asked: Hashable) -> T | None:
        """Return what was answered; None where nobody asked of late."""
        with self._lock:
            told = self._told.get(asked)
        return told[1] if told is not None and time.monotonic() - told[0] < SECONDS else None

    def keep(self, asked: Hashable, answer: T) -> T:
        """Remember an answer, and return it."""
        with self._lock:
            self._told[asked] = time.monotonic(), answer
            self._told.move_to_end(asked)
            while len(self._told) > self.most:
                self._told.popitem(last=False)
        return answer

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._told.clear()
