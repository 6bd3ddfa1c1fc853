"""Train a model from labelled texts."""

from __future__ import annotations

import time
from pathlib import Path

import click

from core.errors import ConfigError


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    required=True,
    help="Directory of the data sets (docs/data.md).",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="Directory for checkpoints and the finished model.",
)
@click.option(
    "--name",
    default="earful-en",
    show_default=True,
    help="Recipe, and name of the model: earful-en or earful-multi.",
)
@click.option("--version", type=click.IntRange(1), default=1, show_default=True, help="Version of the model.")
@click.option(
    "--base",
    type=click.Path(path_type=Path),
    help="Folder of the base model (default: its installed package).",
)
@click.option(
    "--start",
    type=click.Path(path_type=Path),
    help="Folder of a finished model to train further instead of beginning from the base.",
)
@click.option(
    "--teacher",
    type=click.Path(path_type=Path),
    help="Folder of a larger base model that learns first; the model then learns from its answers too.",
)
@click.option(
    "--threads",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help="Cores that are really free; more is slower.",
)
@click.option("--seed", type=int, default=7, show_default=True, help="Seed of every draw.")
def command(
    *,
    data: Path,
    out: Path,
    name: str,
    version: int,
    base: Path | None,
    start: Path | None,
    teacher: Path | None,
    threads: int,
    seed: int,
) -> None:
    """Fine-tune, calibrate, quantise and measure a model.

    Interrupted, it goes on where it was when it is called again with the same --out.
    """
    try:
        from nlp.training.run import train  # noqa: PLC0415 - torch is only here when asked for
    except ImportError as error:
        raise ConfigError(
            f"training needs the 'train' extra ({error}); run `./earful train` from a checkout"
        ) from error
    out.mkdir(parents=True, exist_ok=True)
    folder = train(
        data,
        out,
        name=name,
        version=version,
        base=base,
        start=start,
        teacher=teacher,
        threads=threads,
        seed=seed,
        say=_say,
    )
    click.echo(f"{folder} is ready; put it under nlp/models/ or name it with --model")


def _say(line: str) -> None:
    click.echo(f"{time.strftime('%H:%M:%S')} {line}", err=True)
