"""Questions from the lines of a file: JSON Lines, CSV or plain text, read as they stream in."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, cast

from core.errors import InputError
from core.labelling import LabelRequest
from core.watch import Brand

Form = Literal["jsonl", "csv", "text"]
#: A cell of a CSV file may hold a whole article.
_LONGEST_CELL = 16 * 1024 * 1024
#: More other brands than this are not read.
MOST_OTHERS = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line as a question, or why it is none."""

    number: int
    #: The line's own id as it was given, or its number.
    id: object
    request: LabelRequest | None = None
    error: str | None = None


def read_lines(
    lines: Iterable[bytes], form: Form | None, *, product: Brand | None = None, rivals: tuple[Brand, ...] = ()
) -> Iterator[Line]:
    """Read each line as a question about its own brand, or about `product` where it names none.

    Without a `form` it is told from the first line that is not blank.
    """
    texts: Iterator[str] = (line.decode("utf-8", errors="replace").rstrip("\r\n") for line in lines)
    if form is None:
        form, texts = _form_of(texts)
    if form == "jsonl":
        rows = _json_rows(texts)
    elif form == "csv":
        rows = _csv_rows(texts)
    else:
        rows = ((number, {"text": text}) for number, text in enumerate(texts, 1))
    for number, row in rows:
        yield _line(number, row, product, rivals)


def _form_of(texts: Iterator[str]) -> tuple[Form, Iterator[str]]:
    seen: list[str] = []
    for text in texts:
        seen.append(text.removeprefix("\ufeff"))
        if text.strip():
            break
    first = seen[-1].strip() if seen else ""
    columns = {cell.strip().strip('"').casefold() for cell in first.split(",")}
    form: Form = "jsonl" if first.startswith("{") else "csv" if "text" in columns else "text"
    return form, itertools.chain(seen, texts)


def _json_rows(texts: Iterable[str]) -> Iterator[tuple[int, Mapping[str, object] | str]]:
    for number, text in enumerate(texts, 1):
        if not text.strip("\ufeff \t"):
            continue
        try:
            row = json.loads(text.removeprefix("\ufeff"))
        except (ValueError, RecursionError) as error:
            yield number, f"it is no JSON object ({error})"
            continue
        yield number, row if isinstance(row, dict) else 'it is JSON, but no object; write {"text": …}'


def _csv_rows(texts: Iterable[str]) -> Iterator[tuple[int, Mapping[str, object] | str]]:
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.DictReader((f"{text}\n" for text in texts), strict=False)
    names = [name.strip().removeprefix("\ufeff").casefold() for name in reader.fieldnames or []]
    reader.fieldnames = names
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.line_num, f"it is no row of CSV ({error})"
            continue
        cells: dict[str, object] = {name: value for name, value in row.items() if name}
        for name in ("aliases", "others"):
            cells[name] = [part.strip() for part in str(cells.get(name) or "").split("|") if part.strip()]
        yield reader.line_num, cells


def _line(
    number: int, row: Mapping[str, object] | str, product: Brand | None, rivals: tuple[Brand, ...]
) -> Line:
    if isinstance(row, str):
        return Line(number=number, id=number, error=row)
    own = row.get("id")
    given: object = own if isinstance(own, str | int | float) and own != "" else number
    try:
        return Line(number=number, id=given, request=_request(row, product, rivals))
    except InputError as error:
        return Line(number=number, id=given, error=str(error))


def _request(row: Mapping[str, object], product: Brand | None, rivals: tuple[Brand, ...]) -> LabelRequest:
    text = row.get("text")
    if not isinstance(text, str):
        raise InputError("it has no 'text', or one that is no string")
    name = row.get("brand")
    if name is not None and not isinstance(name, str):
        raise InputError("its 'brand' is no string")
    brand = Brand(name=name, aliases=_names(row, "aliases")) if name and name.strip() else product
    others = tuple(Brand(name=other) for other in _names(row, "others")[:MOST_OTHERS])
    if not others:
        known = (product, *rivals) if product else rivals
        others = tuple(
            other for other in known if brand is None or other.name.casefold() != brand.name.casefold()
        )
    return LabelRequest(text=text, brand=brand, others=others)


def _names(row: Mapping[str, object], field: str) -> tuple[str, ...]:
    names = row.get(field)
    if names is None:
        return ()
    if not isinstance(names, list):
        raise InputError(f"its '{field}' is no list of names")
    if not all(isinstance(name, str) for name in cast("list[object]", names)):
        raise InputError(f"its '{field}' holds something that is no string")
    return tuple(name for name in cast("list[str]", names) if name.strip())
