"""What every test shares: which services a machine lacks, said by name, and no network but loopback."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from tests.bluesky_server import is_here as bluesky_is_here

# The same examples on every machine: a push is not judged by luck. EARFUL_LUCK=1 draws new ones.
settings.register_profile("same", derandomize=True)
settings.load_profile("default" if os.environ.get("EARFUL_LUCK") else "same")

#: Marker → (is it here?, how to get it).
SERVICES: dict[str, tuple[Callable[[], bool], str]] = {
    "chromium": (
        lambda: shutil.which("chromium") is not None and importlib.util.find_spec("playwright") is not None,
        "no chromium on PATH: on Debian, apt-get install chromium",
    ),
    "redis": (
        lambda: shutil.which("redis-server") is not None,
        "no redis-server on PATH: on Debian, apt-get install redis-server",
    ),
    "elasticsearch": (
        lambda: bool(os.environ.get("EARFUL_ELASTICSEARCH_HOME")),
        "EARFUL_ELASTICSEARCH_HOME names no Elasticsearch 8.19: docs/development.md tells how to get one",
    ),
    "bluesky": (
        bluesky_is_here,
        "no Bluesky to test with (EARFUL_BLUESKY_HOME, PostgreSQL, Redis): docs/development.md tells how",
    ),
    "torch": (
        lambda: importlib.util.find_spec("torch") is not None,
        "torch is not installed: ./earful train --help installs it",
    ),
}

SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a requirement that is no service, so that a typing error cannot skip what CI needs."""
    del config
    unknown = _required() - set(SERVICES)
    if unknown:
        raise pytest.UsageError(f"EARFUL_REQUIRE names {sorted(unknown)}; it knows {sorted(SERVICES)}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests whose service is absent, unless EARFUL_REQUIRE names it: then they run and fail."""
    for name, (here, how) in SERVICES.items():
        if name in _required() or here():
            continue
        for item in items:
            if item.get_closest_marker(name):
                item.add_marker(pytest.mark.skip(reason=how))


def _required() -> set[str]:
    return {name.strip() for name in os.environ.get("EARFUL_REQUIRE", "").split(",") if name.strip()}


@pytest.fixture
def shared() -> Path:
    """Return the developers' folder of recordings and data; skip where a clone has none."""
    if not SHARED.is_dir():
        pytest.skip("../shared is the developers' folder of recordings; a user's clone has none")
    return SHARED


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a test that dials anything but this machine."""
    dial = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if host and not str(host).startswith("127.") and host not in ("::1", "localhost"):
            raise AssertionError(f"a test dialled {address}")
        dial(self, address)  # type: ignore[arg-type]  # the union of all address forms

    monkeypatch.setattr(socket.socket, "connect", guarded)
