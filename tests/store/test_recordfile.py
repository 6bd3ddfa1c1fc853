"""A store as one file of records: whole and the same, or refused."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from core.clock import SetClock
from core.errors import ConfigError, StoreCorrupt, StoreTooNew
from core.ports import Store
from core.records import KINDS
from store import named, open_store, recordfile, restore
from store.recordfile import RecordFile
from tests.builders import NOW, a_mention, a_watch, found


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = open_store(f"sqlite:///{tmp_path / 'earful.db'}", clock=SetClock(NOW))
    store.save_watch(a_watch(), actor="ada", now=NOW)
    store.put([found(a_mention(text=f"Acme {n} größer\u2028")) for n in range(30)], now=NOW)
    named(store)
    return store


def test_a_file_gives_out_what_the_store_did_and_fills_another(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "copy.jsonl.gz"
    told: list[tuple[int, int]] = []
    recordfile.write(store, path, progress=lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1] == sum(store.tally(kind) for kind in KINDS)
    assert path.stat().st_mode & 0o777 == 0o600
    file = RecordFile(path)
    for kind in KINDS:
        assert list(file.dump(kind)) == list(store.dump(kind))
        assert file.tally(kind) == store.tally(kind)
    url = f"sqlite:///{tmp_path / 'other.db'}"
    assert restore(url, path, now=NOW) is None
    other = open_store(url, clock=SetClock(NOW))
    assert [list(other.dump(kind)) for kind in KINDS] == [list(store.dump(kind)) for kind in KINDS]
    assert other.check() == []
    other.close()
    with pytest.raises(ConfigError, match="there already"):
        recordfile.write(store, path, progress=lambda *_: None)


def test_a_damaged_foreign_or_newer_file_is_refused_and_changes_nothing(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "copy.jsonl.gz"
    recordfile.write(store, path, progress=lambda *_: None)
    whole, lines = path.read_bytes(), gzip.decompress(path.read_bytes()).splitlines(keepends=True)

    def refused(content: bytes, error: type[Exception], says: str) -> None:
        bad = tmp_path / "bad.jsonl.gz"
        bad.write_bytes(content)
        with pytest.raises(error, match=says):
            restore(f"sqlite:///{tmp_path / 'never.db'}", bad, now=NOW)
        assert not (tmp_path / "never.db").exists()

    for cut in (0, 10, len(whole) // 2, len(whole) - 1):
        refused(whole[:cut], StoreCorrupt, "damaged|no backup")
    refused(b"no gzip at all", StoreCorrupt, "damaged or cut off")
    refused(gzip.compress(b'{"hello": 1}\n'), StoreCorrupt, "no backup of Earful")
    refused(gzip.compress(b"".join(lines[:-1])), StoreCorrupt, "damaged or cut off")
    refused(gzip.compress(b"".join(lines[:2] + lines[3:])), StoreCorrupt, "damaged or cut off")
    changed = [line.replace(b"Acme 7", b"Acme 8") for line in lines]
    refused(gzip.compress(b"".join(changed)), StoreCorrupt, "damaged or cut off")
    newer = [lines[0].replace(b"1", b"2"), *lines[1:]]
    refused(gzip.compress(b"".join(newer)), StoreTooNew, "newer")
    with pytest.raises(ConfigError, match="there is no backup"):
        RecordFile(tmp_path / "nothing.jsonl.gz")
