"""The engines that the contract runs against; one more engine is one more line in ENGINES."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.clock import SetClock
from core.ports import Store
from store import open_store
from tests import elasticsearch_server
from tests.builders import NOW, a_watch

#: What an engine needs of the machine.
MARKS = {"elasticsearch": pytest.mark.elasticsearch}
#: Each makes the address of a fresh, empty store below a directory of its own.
ENGINES: dict[str, Callable[[Path], str]] = {
    "sqlite": lambda directory: f"sqlite:///{directory / 'earful.db'}",
    "elasticsearch": lambda _: elasticsearch_server.fresh_url(),
}
PARAMS = [pytest.param(name, marks=MARKS.get(name, ())) for name in ENGINES]


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture(params=PARAMS)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return ENGINES[request.param](tmp_path)


@pytest.fixture(params=PARAMS, scope="module")
def shared_address(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    return ENGINES[request.param](tmp_path_factory.mktemp("store"))


@pytest.fixture
def empty(address: str, clock: SetClock) -> Iterator[Store]:
    """A store without anything in it."""
    store = open_store(address, clock=clock)
    yield store
    store.close()


@pytest.fixture
def store(empty: Store) -> Store:
    """A store with a watch for Acme, whose rival is Globex and whose own handle is `acmehelp`."""
    empty.save_watch(a_watch(own_handles=("acmehelp",)), actor="ada", now=NOW)
    return empty
