"""`earful topics`: what people talk about."""

from __future__ import annotations

import click

from core.clock import SystemClock
from core.settings import Settings
from store import open_store


@click.command("topics")
@click.pass_obj
def command(settings: Settings) -> None:
    """Group the newest mentions of each watch by what they are about; keep it for the reports."""
    from engage.topics import find_topics  # noqa: PLC0415 - onnxruntime takes time that --help need not pay

    store = open_store(settings.database_url)
    try:
        for one in find_topics(store, folder=settings.model_dir, now=SystemClock().now()):
            click.echo(f"{len(one.mentions):5}  {one.name}")
    finally:
        store.close()
