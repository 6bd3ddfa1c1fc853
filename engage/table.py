"""A table that somebody brings: CSV of any size, encoding and separator, read line by line."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from core.cells import guarded
from core.errors import InputError

#: Largest file that is read, and longest line and number of rows: a list of customers is far smaller.
MAX_BYTES = 64 * 1024 * 1024
MAX_LINE = 100_000
MAX_ROWS = 50_000
#: Of lines, those that hold nothing or stand in a quoted cell included.
MAX_LINES = 4 * MAX_ROWS
#: Signs that no text of a table has; in the place of bytes that are no text stands the second kind.
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
NO_TEXT = "\N{REPLACEMENT CHARACTER}"
SEPARATORS = ",;\t|"
LONGEST_BOM = 3
BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One row: its cells by column, the line it begins at, and why it cannot be taken, if so."""

    line: int
    cells: dict[str, str]
    fault: str = ""


def read_table(chunks: Iterable[bytes]) -> tuple[list[str], Iterator[Row]]:
    """Return the columns that a table's first line names, and its rows, read while they are asked for.

    A line that is no UTF-8 is read as Windows-1252, whatever the lines around it are.

    Raises:
        InputError: the table is empty, too large, or names a column twice; also while rows are read.
    """
    lines = _counted(_lines(chunks))
    first = next(lines, "")
    while first and not first.strip():
        first = next(lines, "")
    if not first:
        raise InputError("the file is empty; its first line names the columns")
    separator = max(SEPARATORS, key=first.count)
    columns = [cell.strip() for cell in next(csv.reader([first], delimiter=separator))]
    if len({name for name in columns if name}) != len([name for name in columns if name]):
        raise InputError("two columns have the same name in the first line")
    return columns, _rows(lines, columns, separator)


def _rows(lines: Iterator[str], columns: Sequence[str], separator: str) -> Iterator[Row]:
    csv.field_size_limit(MAX_LINE)
    reader = csv.reader(lines, delimiter=separator, strict=True)
    number = 0
    while True:
        begin = reader.line_num + 2
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(line=begin, cells={}, fault=f"no CSV ({error})")
            continue
        if not any(cell.strip() for cell in cells):
            continue
        number += 1
        if number > MAX_ROWS:
            raise InputError(f"more than {MAX_ROWS:,} rows; split the file")
        yield Row(
            line=begin,
            cells=dict(zip(columns, (cell.strip() for cell in cells), strict=False)),
            fault=fault_of(cells, columns),
        )


def fault_of(cells: Sequence[str], columns: Sequence[str]) -> str:
    """Return why a row cannot be taken, empty where it can."""
    if len(cells) != len(columns):
        return f"{len(cells)} cells where the first line names {len(columns)} columns"
    if any("\x00" in cell for cell in cells):
        return "holds a NUL byte"
    if any(CONTROLS.search(cell) for cell in cells):
        return "holds a control character"
    if any(NO_TEXT in cell for cell in cells):
        return "holds bytes that are no text; save the file as UTF-8"
    formula = next((name for name, cell in zip(columns, cells, strict=True) if _is_formula(cell)), None)
    return f"{formula} begins like a formula of a spreadsheet" if formula is not None else ""


def _is_formula(cell: str) -> bool:
    # As a name, a domain or a date what a spreadsheet would run is none of ours; a lone dash means nothing.
    return len(cell.strip(" ")) > 1 and guarded(cell) != cell


def _counted(lines: Iterator[str]) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        if number > MAX_LINES:
            raise InputError(f"more than {MAX_LINES:,} lines; split the file")
        yield line


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Yield lines with their ends, at most `MAX_LINE` long, from a file of at most `MAX_BYTES`."""
    rest, total, encoding = b"", 0, ""
    for chunk in chunks:
        total += len(chunk)
        if total > MAX_BYTES:
            raise InputError(f"larger than {MAX_BYTES // 1024 // 1024} MB; a list of customers is not")
        rest += chunk
        if not encoding:
            if len(rest) < LONGEST_BOM:
                continue
            rest, encoding = _begun(rest)
        end = b"\n" if encoding in ("", "utf-8") else "\n".encode(encoding)
        *whole, rest = _split(rest, end)
        yield from (_decoded(line, encoding) for line in whole)
        if len(rest) > MAX_LINE:
            raise InputError(f"a line is longer than {MAX_LINE:,} characters; this is no table")
    if rest:
        yield _decoded(rest, encoding or "utf-8")


def _begun(head: bytes) -> tuple[bytes, str]:
    for mark, encoding in BOMS:
        if head.startswith(mark):
            return head[len(mark) :], encoding
    return head, "utf-8"


def _split(data: bytes, end: bytes) -> list[bytes]:
    parts = data.split(end)
    if len(end) == 1:
        return [*(part + end for part in parts[:-1]), parts[-1]]
    # UTF-16: a line end lies at an even place; a part of odd length belongs to the next.
    lines, held = list[bytes](), b""
    for part in parts[:-1]:
        held += part + end
        if len(held) % 2 == 0:
            lines.append(held)
            held = b""
    return [*lines, held + parts[-1]]


def _decoded(line: bytes, encoding: str) -> str:
    if len(line) > MAX_LINE:
        raise InputError(f"a line is longer than {MAX_LINE:,} characters; this is no table")
    try:
        return line.decode(encoding)
    except UnicodeDecodeError:
        return line.decode("cp1252" if encoding == "utf-8" else encoding, "replace")
