"""Label texts from a file or standard input."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import click

from core.errors import ConfigError
from core.labelling import Labeller
from core.labels import Labels
from core.watch import Brand
from nlp.lines import Form, Line, read_lines

#: Lines that are read, labelled and written together.
TOGETHER = 256
_FORMS: dict[str, Form] = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".txt": "text"}


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--product", metavar="P", help="Brand the texts are judged toward, where a line names none.")
@click.option(
    "--rival", "rivals", metavar="R", multiple=True, help="Another brand that may be named; repeat."
)
@click.option("--explain", is_flag=True, help="Say which characters moved churn and sentiment, and how much.")
@click.option(
    "--model",
    "model",
    type=click.Path(path_type=Path),
    help="Folder of a model (default: the one that ships).",
)
@click.option("--label-map", metavar="A=negative,…", help="What the classes of a Hugging Face model mean.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv", "text"]),
    help="Form of the lines (default: told by itself).",
)
@click.option(
    "--threads", type=click.IntRange(1, 64), default=1, show_default=True, help="Threads of the model."
)
def command(
    file: Path | None,
    product: str | None,
    rivals: tuple[str, ...],
    *,
    explain: bool,
    model: Path | None,
    label_map: str | None,
    form: Form | None,
    threads: int,
) -> None:
    """Label the texts in FILE (default: standard input): JSON Lines, CSV or plain lines in, JSON Lines out.

    Order and ids are kept. A line that cannot be read is answered with its error, the rest is labelled;
    the exit code is 0 when every line was answered.
    """
    target = Brand(name=product) if product else None
    others = tuple(Brand(name=name) for name in rivals)
    labeller = _open(model, label_map, threads)
    failed = 0
    with _opened(file) as lines:
        form = form or (_FORMS.get(file.suffix) if file else None)
        for chunk in _chunks(read_lines(lines, form, product=target, rivals=others)):
            failed += _answer(labeller, chunk, explain=explain)
    if failed:
        sys.exit(1)


def _open(model: Path | None, label_map: str | None, threads: int) -> Labeller:
    from nlp import open_labeller  # noqa: PLC0415 - onnxruntime takes time that --help need not pay

    return open_labeller(model, threads=threads, label_map=label_map)


def _opened(file: Path | None) -> BinaryIO:
    if file is None or str(file) == "-":
        return sys.stdin.buffer
    try:
        return file.open("rb")
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be read ({error.strerror}); name a file or pipe the texts in"
        ) from error


def _chunks(lines: Iterable[Line]) -> Iterator[list[Line]]:
    lines = iter(lines)
    while chunk := list(itertools.islice(lines, TOGETHER)):
        yield chunk


def _answer(labeller: Labeller, chunk: list[Line], *, explain: bool) -> int:
    """Write one line for each of `chunk`; return how many could not be read."""
    asked = [line.request for line in chunk if line.request is not None]
    answers = iter(labeller.label(asked, explain=explain))
    failed = 0
    for line in chunk:
        if line.request is None:
            failed += 1
            click.echo(f"line {line.number}: {line.error}", err=True)
            _write({"id": line.id, "error": line.error})
        else:
            _write({"id": line.id, **_shown(next(answers))})
    return failed


def _shown(labels: Labels) -> dict[str, object]:
    data = labels.to_json()
    return {**data, "brand": labels.brand or None}


def _write(data: dict[str, object]) -> None:
    text = json.dumps(data, ensure_ascii=False)
    try:
        line = text.encode()
    except UnicodeEncodeError:
        # An id or brand may hold half a surrogate pair, which UTF-8 cannot; escaped it passes.
        line = json.dumps(data).encode()
    sys.stdout.buffer.write(line + b"\n")
