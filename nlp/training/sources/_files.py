"""Read the few file shapes that the data sets come in."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path


def lines(path: Path) -> list[str]:
    """Return the lines of a UTF-8 file, split at newlines only: tweets hold other separators."""
    return path.read_text(encoding="utf-8", errors="replace").removesuffix("\n").split("\n")


def tsv(path: Path) -> Iterator[dict[str, str]]:
    """Read tab-separated values with a header and no quoting."""
    rows = lines(path)
    header = rows[0].split("\t")
    for row in rows[1:]:
        cells = row.rstrip("\r").split("\t")
        if len(cells) == len(header):
            yield dict(zip(header, cells, strict=True))


def table(path: Path, *, encoding: str = "utf-8", delimiter: str = ",") -> Iterator[dict[str, str]]:
    """Read comma-separated values with a header."""
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        for row in csv.DictReader(file, delimiter=delimiter):
            yield {name: value or "" for name, value in row.items() if isinstance(name, str)}


def json_lines(path: Path) -> Iterator[dict[str, object]]:
    """Read one JSON object a line."""
    for line in lines(path):
        if line.strip():
            yield json.loads(line)


def loose_json(path: Path) -> list[dict[str, object]]:
    """Read a JSON list that ends in a comma too many."""
    text = path.read_text(encoding="utf-8", errors="replace").strip()
    data = json.loads(re.sub(r",\s*\]\s*$", "]", text))
    return [item for item in data if isinstance(item, dict)]
