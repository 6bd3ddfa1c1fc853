"""`earful restore` where the store that it replaces is damaged: who was forgotten there stays forgotten."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.mention import Author
from store import open_store
from tests.builders import a_watch
from tests.cli.running import earful
from tests.customers.saying import LEAVES, PRAISE, say

HANDLE = "Quixotella77"
FROM_BYTES, NOBODY = "read out of its bytes", "say `earful forget SOURCE:HANDLE` once more"
PAGE = 4096


def no_header(path: Path) -> None:
    """Write over the first page."""
    with path.open("r+b") as file:
        file.write(b"\x00" * PAGE)


def no_schema(path: Path) -> None:
    """Leave the header, and write nonsense over the rest of the first page."""
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * (PAGE - 100))


def no_root_of_what_is_kept(path: Path) -> None:
    """Leave a database that opens, and cannot give out the table of what is kept."""
    data = path.read_bytes()
    # A second page of the table, in front of the one that is written over, holds what is kept.
    pages = [data[at : at + PAGE] for at in range(0, len(data), PAGE)]
    holding = next(number for number, page in enumerate(pages) if b"erasure" in page and b'{"at"' in page)
    pages.append(pages[holding])
    pages[holding] = b"\x07" * PAGE
    path.write_bytes(b"".join(pages))


def only_the_log(path: Path) -> None:
    """Lose the file, and keep the log that was written last."""
    path.with_name(f"{path.name}-wal").write_bytes(path.read_bytes())
    path.write_bytes(b"")


def nothing(path: Path) -> None:
    """Write over everything."""
    path.write_bytes(b"no database at all\n" * 1000)


def gone(path: Path) -> None:
    """Take it away."""
    path.unlink()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A store in which somebody was forgotten after its backup was made; what they said lies beside it."""
    path = tmp_path / "data"
    path.mkdir()
    store = open_store(f"sqlite:///{path / 'earful.db'}")
    store.save_watch(a_watch(), actor="ada", now=SystemClock().now())
    theirs = say(store, Author(handle=HANDLE), LEAVES, text="Acme swallowed my pancakes.")
    say(store, "bob", PRAISE, reply_to=theirs, text=f"Well, @{HANDLE}, I like Acme.")
    store.close()
    (tmp_path / "again.jsonl").write_text(earful("export", data=path).stdout)
    assert earful("backup", str(tmp_path / "copy.db"), data=path).returncode == 0
    assert earful("forget", f"hackernews:{HANDLE}", "--yes", data=path).returncode == 0
    return path


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (no_header, FROM_BYTES),
        (no_schema, FROM_BYTES),
        (no_root_of_what_is_kept, FROM_BYTES),
        (only_the_log, FROM_BYTES),
        (nothing, NOBODY),
        (gone, NOBODY),
    ],
)
def test_who_was_forgotten_in_a_damaged_store_stays_forgotten_or_it_is_said(
    tmp_path: Path, data: Path, spoil: Callable[[Path], None], said: str
) -> None:
    spoil(data / "earful.db")
    done = earful("restore", str(tmp_path / "copy.db"), data=data)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if said in line]
    kept = said == FROM_BYTES
    assert ("1 people who asked to be forgotten were in it" in done.stderr) is kept
    for _ in range(2):
        exported = earful("export", data=data).stdout
        assert (HANDLE in exported) is not kept
        assert "I like Acme" in exported
        assert earful("import", str(tmp_path / "again.jsonl"), data=data).returncode == 0


def test_a_sound_store_says_nothing_of_that(tmp_path: Path, data: Path) -> None:
    done = earful("restore", str(tmp_path / "copy.db"), data=data)
    assert "1 people who asked to be forgotten were in it" in done.stderr
    assert FROM_BYTES not in done.stderr
    assert NOBODY not in done.stderr
