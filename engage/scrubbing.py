"""Exports and logs that lie beside a store, without who was forgotten.

What somebody forgotten wrote goes with its whole record: a line of JSON, a row of a table. In the rest their
handle is blotted out, and what they said is taken out wherever it was copied to.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping

from core.erasure import Eraser
from core.mention import Author
from core.said import Said

#: Characters of one record of a table; what is longer is no table, and is read line by line.
LONGEST = 1 << 20


def scrubbed(lines: Iterable[str], theirs: Eraser, said: Said, *, table: bool) -> Iterator[tuple[str, str]]:
    """Yield each record of a file as it is and as it may stay; empty where all of it goes.

    A table is CSV whose first line names the columns; everything else goes by lines.
    """
    columns: list[str] | None = None
    for record in _records(lines) if table else lines:
        cells = _cells(record) if table else None
        if cells is None:
            yield record, _line(record, theirs, said)
        elif columns is None:
            columns = cells
            yield record, record
        else:
            row = dict(zip(columns, cells, strict=False))
            yield record, "" if _is_theirs(row, theirs) else _row(record, cells, theirs, said)


def _records(lines: Iterable[str]) -> Iterator[str]:
    """Yield rows of CSV as they are written, those with line breaks in a cell whole."""
    held = ""
    for line in lines:
        held += line
        if held.count('"') % 2 == 0 or len(held) > LONGEST:
            yield held
            held = ""
    if held:
        yield held


def _cells(record: str) -> list[str] | None:
    try:
        rows = list(csv.reader(io.StringIO(record, newline=""), strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def _row(record: str, cells: list[str], theirs: Eraser, said: Said) -> str:
    clean = [theirs.blotted(said.cut_from(cell)) for cell in cells]
    if clean == cells:
        return record
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n" if record.endswith("\r\n") else "\n").writerow(clean)
    return out.getvalue()


def _line(line: str, theirs: Eraser, said: Said) -> str:
    """Return a line of JSON or of a log as it may stay."""
    value: object = None
    if line.lstrip().startswith("{"):
        try:
            value = json.loads(line)
        except ValueError:
            value = None
    if not isinstance(value, Mapping):
        for form in (form for text in said.texts for form in _forms(text)):
            line = line.replace(form, "")
        return theirs.blotted(said.cut_from(line))
    if any(_is_theirs(one, theirs) for one in (value, *value.values()) if isinstance(one, Mapping)):
        return ""
    clean = theirs.blotted_all(said.out_of(value))
    return line if clean == value else json.dumps(clean, ensure_ascii=False) + "\n"


def _forms(text: str) -> set[str]:
    """Return how a log may show a text: as it is, as JSON, or quoted by Python."""
    return {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1], repr(text)[1:-1]}


def _is_theirs(record: Mapping[str, object], theirs: Eraser) -> bool:
    """Tell whether somebody forgotten wrote a record, or it is about them: a mention, or a person."""
    source, author = str(record.get("source", "")), record.get("author")
    match author:
        case str():
            return theirs.wrote(source, Author(handle=author))
        case Mapping():
            return theirs.wrote(source, author_of(author))
    handles = record.get("handles")
    if isinstance(handles, str):
        pairs = [one.partition(":")[::2] for one in handles.split()]
    elif isinstance(handles, list):
        pairs = [(str(h.get("source")), str(h.get("name"))) for h in handles if isinstance(h, Mapping)]
    else:
        pairs = []
    return any(theirs.wrote(where, Author(handle=name)) for where, name in pairs if name)


def author_of(told: Mapping[str, object]) -> Author:
    """Return whom plain JSON values name as an author."""
    handle, name = told.get("handle"), told.get("name")
    return Author(
        handle=handle if isinstance(handle, str) else None, name=name if isinstance(name, str) else None
    )
