"""What the crawl tests share: a store with one watch, and crawls in processes of their own."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.watch import Brand, Watch
from store import open_store

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@dataclass
class Told:
    """What a crawl came to."""

    states: list[dict[str, Any]] = field(default_factory=list)
    failures: dict[str, list[str]] = field(default_factory=dict)
    mentions: dict[str, dict[str, Any]] = field(default_factory=dict)
    dialled: list[list[Any]] = field(default_factory=list)
    #: Most memory that the process held, in bytes.
    peak: int = 0

    @property
    def state(self) -> dict[str, Any]:
        """The one source's state."""
        assert len(self.states) == 1, self.states
        return self.states[0]


@dataclass
class Bench:
    """A store with a watch for Acme and its rival Globex, and the crawls over it."""

    directory: Path
    sources: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"sqlite:///{self.directory / 'earful.db'}"

    def watch(self, sources: Mapping[str, Mapping[str, object]], **changes: Any) -> Watch:
        """Store the watch with these sources, as a new version where there is one already."""
        store = open_store(self.url)
        try:
            old = next((watch for watch in store.watches() if watch.id == "acme"), None)
            fresh = old or Watch(id="acme", product=Brand(name="Acme"), rivals=(Brand(name="Globex"),))
            return store.save_watch(
                replace(fresh, sources=sources, **changes), actor="test", now=datetime.now(UTC)
            )
        finally:
            store.close()

    def crawl(self, **plan: Any) -> Told:
        """Crawl once and return what came of it."""
        self.start(**plan)
        return self.wait()

    def start(self, **plan: Any) -> int:
        """Start a crawl and return its process id; `wait` for it before the next."""
        forks = _forks()
        assert forks.stdin is not None
        assert forks.stdout is not None
        forks.stdin.write(json.dumps({"store": self.url} | plan) + "\n")
        forks.stdin.flush()
        pid: int = json.loads(forks.stdout.readline())["pid"]
        return pid

    def wait(self) -> Told:
        """Return what the started crawl came to; an empty one where it was killed."""
        forks = _forks()
        assert forks.stdout is not None
        told = json.loads(forks.stdout.readline())
        if isinstance(told.get("died"), int):
            return Told()
        assert "died" not in told, told["died"]
        return Told(**told)


@functools.cache
def _forks() -> subprocess.Popen[str]:
    """Start the process that forks for each crawl; it ends with this one's pipe."""
    return subprocess.Popen(
        [sys.executable, str(HERE / "crawl_child.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def feeds(names: Sequence[str]) -> dict[str, dict[str, object]]:
    """Return the sources of a watch that reads these feeds."""
    return {"feed": {"feeds": list(names)}}
