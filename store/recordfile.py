"""Everything of a store in one compressed file of lines.

A head, a record a line, and an end that proves it whole. The file appears under its name when all of it
is written, synced and read back.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.errors import ConfigError, StoreCorrupt, StoreReadOnly, StoreTooNew
from core.records import KINDS, Record, RecordSource

#: Of the form of the file; another number is another form.
FORM = 1
#: Of a file that is not whole yet.
PART = ".earful-part"
#: Level of compression: 1 writes three times as fast as the default and takes a tenth more room.
LEVEL = 1
#: Records between two words to the person waiting.
STEP = 500

#: Told how many of how many records are done.
Progress = Callable[[int, int], None]


def write(source: RecordSource, target: Path, *, progress: Progress) -> None:
    """Write everything that `source` holds into the file `target`, which must not exist yet.

    Raises:
        ConfigError: it exists, or cannot be written.
        StoreReadOnly: the disk is full.
    """
    if target.exists():
        raise ConfigError(f"{target} is there already and stays as it is; choose another name")
    part = target.with_name(f".{target.name}{PART}")
    total = sum(source.tally(kind) for kind in KINDS)
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        # What was said is nobody else's business.
        with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as raw:
            with gzip.open(raw, "wb", compresslevel=LEVEL) as out:
                _write(source, out, total, progress)
            raw.flush()
            os.fsync(raw.fileno())
        RecordFile(part, told=target)
        part.rename(target)
    except OSError as error:
        raise _unwritable(target, error) from error
    finally:
        part.unlink(missing_ok=True)


def _write(source: RecordSource, out: gzip.GzipFile, total: int, progress: Progress) -> None:
    digest, counts, done = hashlib.sha256(), dict.fromkeys(KINDS, 0), 0
    out.write(_line({"earful": "records", "form": FORM}))
    # Read before the mentions that they stand after: else a crawl in the middle would leave a gap.
    cursors = list(source.dump("cursor"))
    for kind in KINDS:
        for record in cursors if kind == "cursor" else source.dump(kind):
            line = _line({"kind": record.kind, "key": record.key, "body": record.body})
            digest.update(line)
            out.write(line)
            counts[kind] += 1
            done += 1
            if done % STEP == 0:
                progress(done, max(done, total))
    out.write(_line({"counts": counts, "sha256": digest.hexdigest()}))
    progress(done, done)


def _line(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


class RecordFile:
    """A whole and verified file, read like a store."""

    def __init__(self, path: Path, *, told: Path | None = None) -> None:
        """Read the file through once; `told` is the name to complain about.

        Raises:
            ConfigError: there is no such file.
            StoreCorrupt: it is damaged, cut off, or another program's.
            StoreTooNew: a newer Earful wrote it.
        """
        self.path = path
        self.told = told or path
        self._counts = self._verify()

    def tally(self, kind: str) -> int:
        """Return how many records of a kind there are."""
        return self._counts.get(kind, 0)

    def dump(self, kind: str) -> Iterator[Record]:
        """Yield every record of a kind, in order."""
        passed = False
        for line in self._lines():
            data = _read(line)
            if data.get("kind") == kind:
                passed = True
                yield Record(kind=kind, key=data["key"], body=data["body"])
            elif passed:
                return

    def _verify(self) -> dict[str, int]:
        lines = self._lines()
        head = _read(next(lines, b""))
        if head.get("earful") != "records":
            raise StoreCorrupt(f"{self.told} is no backup of Earful; name a file that `earful backup` wrote")
        if head.get("form") != FORM:
            raise StoreTooNew(f"{self.told} was written by a newer Earful; update Earful first")
        digest, last, lost = hashlib.sha256(), b"", True
        counts = dict.fromkeys(KINDS, 0)
        for line in lines:
            if last:
                digest.update(last)
                kind = str(_read(last).get("kind"))
                if kind not in counts:
                    raise StoreTooNew(f"{self.told} holds {kind}, which this Earful does not know; update it")
                counts[kind] += 1
            last = line
        end = _read(last)
        lost = end.get("sha256") != digest.hexdigest() or end.get("counts") != counts
        if lost:
            raise StoreCorrupt(f"{self.told} is damaged or cut off; use an earlier backup")
        return counts

    def _lines(self) -> Iterator[bytes]:
        with self._faults(), gzip.open(self.path, "rb") as file:
            yield from file

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise ConfigError(
                f"there is no backup {self.told}; name the file that `earful backup` wrote"
            ) from error
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise StoreCorrupt(f"{self.told} is damaged or cut off; use an earlier backup") from error
        except OSError as error:
            raise ConfigError(
                f"cannot read {self.told} ({(error.strerror or str(error)).lower()})"
            ) from error


def _read(line: bytes) -> dict[str, Any]:
    try:
        data = json.loads(line)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _unwritable(target: Path, error: OSError) -> ConfigError | StoreReadOnly:
    words = (error.strerror or str(error)).lower()
    if "space" in words or "quota" in words:
        return StoreReadOnly(
            f"the disk of {target.parent} is full; make room and try again, no file was left"
        )
    return ConfigError(f"cannot write {target} ({words}); name a place that you may write to")
