from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from core.clock import SetClock
from core.ports import Store
from core.settings import Settings
from core.user import Role, User
from crawlers.catalog import source_forms
from store import open_store
from tests.builders import NOW, a_watch
from tests.engage.town_desk import desk, town  # noqa: F401 — fixtures
from tests.web.browser import Browser
from tests.web.world import fill
from web import create_app


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def store(tmp_path: Path, clock: SetClock) -> Iterator[Store]:
    """A real store on disk with a watch and three people, and no mention yet."""
    store = open_store(f"sqlite:///{tmp_path / 'earful.db'}", clock=clock)
    store.save_watch(a_watch(own_handles=("acme_team",)), actor="earful", now=NOW)
    for name, role in (("admin", Role.ADMIN), ("bob", Role.AGENT), ("vera", Role.VIEWER)):
        store.save_user(User(name=name, role=role, created_at=NOW))
    yield store
    store.close()


@pytest.fixture
def app(store: Store, clock: SetClock) -> Flask:
    return create_app(store, Settings(), clock=clock, sources=source_forms)


@pytest.fixture
def guest(app: Flask, store: Store) -> Browser:
    """A browser that is not signed in."""
    return Browser(app, store)


@pytest.fixture
def browser(app: Flask, store: Store) -> Browser:
    """A browser signed in as the admin."""
    return Browser(app, store).sign_in("admin")


@pytest.fixture
def world(store: Store) -> Store:
    """The store with three threads in it."""
    fill(store)
    return store
