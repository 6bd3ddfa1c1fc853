"""The story once for all tests that read it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.ports import Store
from store import open_store
from tests.insight.story import tell


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('story') / 'earful.db'}")
    tell(store)
    yield store
    store.close()
