"""Fixtures: a Mastodon-shaped town in which somebody is unhappy, and a desk that has read it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engage.desk_rig import Desk
from tests.engage.mastodon_server import Town, running


@pytest.fixture
def town() -> Iterator[Town]:
    with running() as town:
        town.write("Acme doubled its price, I move to Globex", by="ada")
        yield town


@pytest.fixture
def desk(tmp_path: Path, town: Town) -> Iterator[Desk]:
    desk = Desk(tmp_path, {"mastodon": town.base})
    desk.bench.watch({"mastodon": {"servers": ["town.example"]}})
    desk.crawl()
    yield desk
    desk.store.close()
