"""Measure how good a model's labels are."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from core.errors import ConfigError


@click.command("eval")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--model", type=click.Path(path_type=Path), help="Folder of the model (default: the one that ships)."
)
@click.option(
    "--against", type=click.Path(path_type=Path), help="Folder of a second model, compared by a paired test."
)
@click.option("--label-map", metavar="A=negative,…", help="What the classes of a Hugging Face model mean.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Form to print.",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write an HTML page with plots here.",
)
def command(
    files: tuple[Path, ...],
    *,
    model: Path | None,
    against: Path | None,
    label_map: str | None,
    form: str,
    report: Path | None,
) -> None:
    """Measure labels on FILES (TSV, CSV or JSON Lines with text, target and truth), with 95 % intervals.

    Columns: text; target or brand; sentiment (negative, neutral, positive); churn or label (1, 0, a);
    reason, intents, aliases, others, source, language where there are any.
    """
    from nlp import open_labeller  # noqa: PLC0415 - onnxruntime takes time that --help need not pay
    from nlp.evaluation import report as reports  # noqa: PLC0415
    from nlp.evaluation.comparing import compare  # noqa: PLC0415
    from nlp.evaluation.items import read_items  # noqa: PLC0415
    from nlp.evaluation.judge import judge  # noqa: PLC0415

    items, bad = [], 0
    for file in files:
        read, errors = read_items(file)
        items += read
        bad += len(errors)
        for error in errors:
            click.echo(f"{file}: {error}", err=True)
    if not items:
        raise ConfigError("there is nothing to measure: no row of these files holds a text")
    verdicts = [judge(open_labeller(model, label_map=label_map), items, say=_say)]
    if against is not None:
        verdicts.append(judge(open_labeller(against, label_map=label_map), items, say=_say))
    comparisons = compare(items, *verdicts) if against is not None else []
    if report is not None:
        report.write_text(reports.as_html(items, verdicts, comparisons, "Label quality"), encoding="utf-8")
    if form == "json":
        click.echo(
            json.dumps(reports.as_json(items, verdicts, comparisons, bad), ensure_ascii=False, indent=1)
        )
    else:
        click.echo("\n".join(reports.as_lines(verdicts, comparisons)))
    if bad:
        sys.exit(1)


def _say(line: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{line}", err=True, nl=False)
