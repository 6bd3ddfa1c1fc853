from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from core.clock import SetClock
from core.ports import Store
from store import open_store
from tests.builders import NOW
from tests.cli.running import free_port
from tests.engage.alert_rig import Mailbox, Team
from tests.engage.town_desk import desk, town  # noqa: F401 — fixtures


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def store(tmp_path: Path, clock: SetClock) -> Iterator[Store]:
    """A real store on disk."""
    store = open_store(f"sqlite:///{tmp_path / 'earful.db'}", clock=clock)
    yield store
    store.close()


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    box = Mailbox()

    def sign_in(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        good = isinstance(data, LoginPassword) and data.password == b"pw"
        return AuthResult(success=good, handled=False)

    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=free_port(),
        authenticator=sign_in,
        auth_require_tls=False,
        decode_data=False,
    )
    controller.start()
    yield box, controller.port
    controller.stop()


@pytest.fixture
def team(store: Store, tmp_path: Path, clock: SetClock) -> Team:
    return Team(store, tmp_path, clock)
