"""`earful import`: bring your own mentions, from a file that another tool or `earful export` wrote."""

from __future__ import annotations

import codecs
import csv
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, AnyStr

import click

from core.cells import plain
from core.clock import SystemClock
from core.errors import ConfigError, InputError
from core.mention import Mention, mention_from_json
from core.ports import Store
from core.settings import Settings
from core.source import Found, PutCount
from core.watch import Watch
from store import open_store

BATCH = 500
#: Longest line or cell that is read, in characters: a mention's text is cut at 200,000 anyway.
MAX_LINE = 2_000_000
#: Most bad rows told one by one; a file of another form would fill the screen.
MAX_TOLD = 50
#: Source of CSV rows that name none.
IMPORTED = "import"
#: Columns of a CSV file; only `text` and `published_at` are required. Those with a dot go into an object.
COLUMNS = {
    "id": "native_id",
    "source": "source",
    "kind": "kind",
    "url": "url",
    "title": "title",
    "text": "text",
    "language": "language",
    "published_at": "published_at",
    "thread_id": "thread_id",
    "rating": "rating",
}


@dataclass
class _Report:
    put: PutCount = field(default_factory=PutCount)
    bad: int = 0
    _told_encoding: bool = False

    def bad_row(self, error: InputError) -> None:
        self.bad += 1
        if self.bad <= MAX_TOLD:
            click.echo(f"{error}; this row was left out", err=True)
        if self.bad == MAX_TOLD:
            click.echo("further bad rows are only counted", err=True)

    def other_encoding(self) -> None:
        """Tell once that a line is no UTF-8."""
        if not self._told_encoding:
            click.echo("some lines are no UTF-8; they are read as Windows-1252", err=True)
        self._told_encoding = True


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--watch", "watch_id", help="The watch they belong to; not needed where there is only one.")
@click.pass_context
def command(ctx: click.Context, file: Path, watch_id: str | None) -> None:
    """Import mentions from FILE: JSON Lines as `earful export` writes them, or CSV with a header.

    CSV needs the columns text and published_at (ISO 8601 with a zone); id, source, kind, url, title,
    author, language, thread_id and rating are taken where they are there. A bad row is told with its line
    number and the rest goes in. Importing the same file again changes nothing. Exit code 1 when a row was
    left out.
    """
    settings: Settings = ctx.obj
    store = open_store(settings.database_url)
    report = _Report()
    try:
        watch = _watch(store, watch_id)
        batch: list[Found] = []
        for mention in _mentions(file, report):
            own = watch.is_own(mention.source, mention.author.handle)
            batch.append(Found(mention=mention.with_labels(()), watch_id=watch.id, own=own))
            if len(batch) == BATCH:
                report.put += store.put(batch, now=SystemClock().now())
                click.echo(f"\r{report.put.new} new", nl=False, err=True)
                batch = []
        report.put += store.put(batch, now=SystemClock().now())
    finally:
        store.close()
    put = report.put
    click.echo(
        f"\r{put.new} new, {put.changed} changed, {put.unchanged} unchanged, {report.bad} left out", err=True
    )
    ctx.exit(1 if report.bad else 0)


def _watch(store: Store, watch_id: str | None) -> Watch:
    watches = store.watches()
    if watch_id is not None:
        return store.watch(watch_id)
    if len(watches) != 1:
        names = ", ".join(watch.id for watch in watches) or "none yet, `earful up PRODUCT` makes one"
        raise ConfigError(f"say with --watch which watch they belong to; there are: {names}")
    return watches[0]


def _mentions(file: Path, report: _Report) -> Iterator[Mention]:
    """Yield the good rows of a file."""
    rows = _csv(file, report) if file.suffix.lower() == ".csv" else _json_lines(file, report)
    for line, row in rows:
        try:
            yield mention_from_json(row)
        except InputError as error:
            report.bad_row(InputError(str(error), line=line))


def _json_lines(file: Path, report: _Report) -> Iterator[tuple[int, Mapping[str, object]]]:
    for line, text in _lines(file, report):
        try:
            row = json.loads(text)
        except (ValueError, RecursionError) as error:
            report.bad_row(InputError(f"no JSON ({error})", line=line))
            continue
        if isinstance(row, dict):
            yield line, row
        else:
            report.bad_row(InputError("not a JSON object", line=line))


def _lines(file: Path, report: _Report) -> Iterator[tuple[int, str]]:
    for line, text in enumerate(_decoded(file, report), start=1):
        if len(text) > MAX_LINE:
            report.bad_row(InputError(f"longer than {MAX_LINE} characters", line=line))
        elif text.strip():
            yield line, text


def _decoded(file: Path, report: _Report) -> Iterator[str]:
    """Yield the lines of a file: UTF-8, UTF-16 with its mark, and Windows-1252 where a line is no UTF-8.

    Of a line that is too long only so much is kept that one can tell.
    """
    try:
        with file.open("rb") as handle:
            mark = handle.read(3)
            if mark.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                with file.open(encoding="utf-16", errors="replace", newline="") as text:
                    yield from _cut(text)
                return
            handle.seek(3 if mark == codecs.BOM_UTF8 else 0)
            for raw in _cut(handle):
                try:
                    yield raw.decode()
                except UnicodeDecodeError:
                    report.other_encoding()
                    yield raw.decode("cp1252", "replace")
    except OSError as error:
        raise ConfigError(f"cannot read {file} ({(error.strerror or str(error)).lower()})") from error


def _cut(handle: IO[AnyStr]) -> Iterator[AnyStr]:
    """Yield lines; of one that is too long the beginning, a little longer than a line may be."""
    while line := handle.readline(4 * MAX_LINE):
        yield line
        rest = line
        while len(rest) == 4 * MAX_LINE and (rest := handle.readline(4 * MAX_LINE)):
            pass


def _csv(file: Path, report: _Report) -> Iterator[tuple[int, Mapping[str, object]]]:
    csv.field_size_limit(MAX_LINE)
    try:
        reader = csv.DictReader(_decoded(file, report))
        missing = {"text", "published_at"} - set(reader.fieldnames or ())
    except csv.Error as error:
        raise ConfigError(f"{file} is no CSV: {error}") from error
    if missing:
        raise ConfigError(f"{file} has no column {' and '.join(sorted(missing))} in its first line")
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            report.bad_row(InputError(f"no CSV ({error})", line=reader.line_num))
            continue
        yield reader.line_num, _from_csv(row)


def _from_csv(row: Mapping[str, str | None]) -> Mapping[str, object]:
    """Return a CSV row in the shape of the JSON contract."""
    data: dict[str, object] = {
        name: plain(value.strip()) for column, name in COLUMNS.items() if (value := row.get(column))
    }
    source = str(data.setdefault("source", IMPORTED))
    data.setdefault("kind", "post")
    # Without an id of its own a row is known by what it says and when, so that a second import is none.
    said = "\x00".join(str(row.get(column) or "") for column in ("author", "published_at", "title", "text"))
    native = data.setdefault("native_id", hashlib.blake2b(said.encode(), digest_size=12).hexdigest())
    data["id"] = f"{source}:{native}"
    data["author"] = {"handle": plain(row.get("author") or "") or None}
    rating = str(data.pop("rating", "") or "")
    data["rating"] = int(rating) if rating.isascii() and rating.isdigit() else None
    return data
