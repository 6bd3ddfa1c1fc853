"""What is measured on: texts with a target and the truth about it, read from TSV, CSV or JSON Lines."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from core.errors import ConfigError, InputError
from core.labelling import LabelRequest
from core.labels import ChurnReason, Intent, Tone
from core.watch import Brand

#: Columns that may hold each part of the truth, the first that is there counts.
_TEXT = ("text", "sentence", "tweet_text", "content", "body")
_BRAND = ("target", "brand")
_TONE = ("sentiment", "label", "polarity")
_CHURN = ("churn", "label")


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One question with its true answer; None is not judged."""

    id: str
    text: str
    brand: str | None = None
    aliases: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    sentiment: Tone | None = None
    churn: bool | None = None
    reason: ChurnReason | None = None
    intents: Mapping[Intent, bool] = field(default_factory=dict)
    source: str = ""
    language: str = ""

    def request(self) -> LabelRequest:
        """Return the question alone.

        Raises:
            InputError: the brand's name is none.
        """
        brand = Brand(name=self.brand, aliases=self.aliases) if self.brand else None
        return LabelRequest(
            text=self.text, brand=brand, others=tuple(Brand(name=name) for name in self.others)
        )


def read_items(path: Path) -> tuple[list[Item], list[InputError]]:
    """Read a file of texts with truth; rows that are not of the form are returned as errors by line.

    The other targets that stand beside the same text become its other brands.

    Raises:
        ConfigError: the file cannot be read, or no column of it holds texts.
    """
    items: list[Item] = []
    errors: list[InputError] = []
    for line, row in _rows(path):
        try:
            items.append(_item(row, line))
        except InputError as error:
            errors.append(InputError(str(error), line=line))
    return _with_others(items), errors


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, object]]]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read ({error.strerror}); name a TSV, CSV or JSON Lines file"
        ) from error
    if path.suffix in {".jsonl", ".ndjson", ".json"}:
        yield from _json_rows(text)
        return
    lines = text.split("\n")
    if path.suffix == ".csv":
        reader = csv.DictReader(lines)
    else:
        reader = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    if not set(reader.fieldnames or ()) & set(_TEXT):
        raise ConfigError(f"{path} has no column of texts; call one of its columns 'text'")
    for row in reader:
        yield reader.line_num, {name: value for name, value in row.items() if name is not None}


def _json_rows(text: str) -> Iterator[tuple[int, Mapping[str, object]]]:
    for line, content in enumerate(text.split("\n"), 1):
        if not content.strip():
            continue
        try:
            row = json.loads(content)
        except ValueError:
            row = {}
        if not isinstance(row, dict):
            row = {}
        brands = row.get("brands")
        if not isinstance(brands, list):
            yield line, row
            continue
        # A text with a list of brands is as many questions.
        for brand in brands:
            if isinstance(brand, dict):
                yield line, {**row, **brand, "target": brand.get("name")}


def _item(row: Mapping[str, object], line: int) -> Item:
    text = _first(row, _TEXT)
    if not text:
        raise InputError("it holds no text")
    brand = _first(row, _BRAND)
    return Item(
        id=_first(row, ("id",)) or str(line),
        text=text,
        brand=None if brand in {"", "-"} else brand,
        aliases=_names(row.get("aliases")),
        others=_names(row.get("others")),
        sentiment=_tone(_first(row, _TONE)),
        churn=_yes(_first(row, _CHURN)),
        reason=_reason(_first(row, ("reason",))),
        intents=_intents(row.get("intents")),
        source=_first(row, ("source", "channel")),
        language=_first(row, ("language", "lang")),
    )


def _with_others(items: Iterable[Item]) -> list[Item]:
    import dataclasses  # noqa: PLC0415 - one function needs it

    kept = list(items)
    named: dict[str, list[str]] = defaultdict(list)
    for item in kept:
        if item.brand and item.brand not in named[item.text]:
            named[item.text].append(item.brand)
    return [
        item
        if item.others
        else dataclasses.replace(item, others=tuple(name for name in named[item.text] if name != item.brand))
        for item in kept
    ]


def _first(row: Mapping[str, object], names: Sequence[str]) -> str:
    for name in names:
        value = row.get(name)
        if value is not None and str(value) != "":
            return str(value)
    return ""


def _tone(value: str) -> Tone | None:
    value = value.strip().casefold()
    return Tone(value) if value in {tone.value for tone in Tone} else None


def _yes(value: str) -> bool | None:
    return {"1": True, "0": False, "true": True, "false": False, "1.0": True, "0.0": False}.get(
        value.strip().casefold()
    )


def _reason(value: str) -> ChurnReason | None:
    return ChurnReason(value) if value in {reason.value for reason in ChurnReason} else None


def _names(value: object) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(str(name) for name in value if str(name).strip())
    return tuple(name.strip() for name in str(value or "").split("|") if name.strip())


def _intents(value: object) -> dict[Intent, bool]:
    if not isinstance(value, list):
        return {}
    said = {str(name) for name in cast("list[object]", value)}
    return {intent: intent.value in said for intent in Intent}
