from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.clock import SetClock
from core.ports import Store
from store import open_store
from tests.builders import NOW


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def store(tmp_path: Path, clock: SetClock) -> Iterator[Store]:
    """A real store on disk."""
    store = open_store(f"sqlite:///{tmp_path / 'earful.db'}", clock=clock)
    yield store
    store.close()
