"""How fast texts are labelled."""

from __future__ import annotations

import json
from pathlib import Path

import click

from core.errors import ConfigError


@click.command("label")
@click.option(
    "--model", type=click.Path(path_type=Path), help="Folder of the model (default: the one that ships)."
)
def command(model: Path | None) -> None:
    """Measure the labeller at 25 tokens: against a RoBERTa-base pipeline and the machine's limit.

    A comparison whose packages are not installed is null, with the reason.
    """
    from nlp import open_labeller, speed  # noqa: PLC0415 - onnxruntime takes time that --help need not pay

    own = speed.texts_per_second(open_labeller(model))
    result: dict[str, object] = {"texts_per_second": round(own, 1), "tokens": speed.TOKENS, "threads": 1}
    try:
        pipeline = speed.pipeline_texts_per_second()
        result |= {
            "pipeline_texts_per_second": round(pipeline, 2),
            "ratio_to_pipeline": round(own / pipeline, 1),
        }
    except ConfigError as error:
        result |= {"ratio_to_pipeline": None, "pipeline_missing": str(error)}
    try:
        limit = speed.limit_operations_per_second()
        share = own * speed.operations_per_text() / limit
        result |= {"limit_gops": round(limit / 1e9, 1), "ratio_to_limit": round(share, 3)}
    except ConfigError as error:
        result |= {"ratio_to_limit": None, "limit_missing": str(error)}
    click.echo(json.dumps(result | speed.in_a_process(model), indent=1))
