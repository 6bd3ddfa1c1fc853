"""Stores on the suite's server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.clock import SetClock
from store.elastic import ElasticStore
from tests import elasticsearch_server
from tests.builders import NOW, a_watch


@pytest.fixture
def url() -> str:
    return elasticsearch_server.fresh_url()


@pytest.fixture
def store(url: str) -> Iterator[ElasticStore]:
    """A store with a watch for Acme."""
    store = ElasticStore.open(url, clock=SetClock(NOW))
    store.save_watch(a_watch(own_handles=("acmehelp",)), actor="ada", now=NOW)
    yield store
    store.close()
