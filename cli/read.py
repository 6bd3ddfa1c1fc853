"""`earful read`: what a source makes of a recorded response."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from core.errors import ConfigError, SourceChanged, SourceError
from core.mention import mention_to_json

#: Largest file that is read, as for an answer from the network.
MAX_BYTES = 16 * 1024 * 1024


@click.command("read")
@click.argument("source")
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--url", metavar="ORIGINAL", help="Where the response came from.")
def command(source: str, files: tuple[Path, ...], url: str | None) -> None:
    """Print the mentions that SOURCE finds in recorded responses, as JSON Lines.

    No network, no store. An error body or a block page gives no mention and a message; a file that
    the source cannot make sense of gives exit code 1.
    """
    from crawlers.catalog import source as find  # noqa: PLC0415 - scrapy costs 0.5 s that --help need not pay
    from crawlers.recorded import read_file  # noqa: PLC0415

    found = find(source)
    failed = False
    for file in files:
        try:
            if file.stat().st_size > MAX_BYTES:
                raise ConfigError(f"{file} is larger than 16 MiB, the most that is read of any answer")
            body = file.read_bytes()
        except OSError as error:
            raise ConfigError(f"{file} cannot be read: {os.strerror(error.errno or 0)}") from error
        try:
            for mention in read_file(found, body, url):
                click.echo(json.dumps(mention_to_json(mention), ensure_ascii=False))
        except SourceChanged as error:
            click.echo(f"earful: {file}: {source} cannot make sense of it: {error}", err=True)
            failed = True
        except SourceError as error:
            click.echo(f"earful: {file}: no mentions: {error}", err=True)
    if failed:
        raise SystemExit(1)
