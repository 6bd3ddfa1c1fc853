"""Every benchmark of the store and the pages, in one run."""

from __future__ import annotations

import json
from pathlib import Path

import click

from cli.benches import store, web


@click.command("all")
@click.option("--million", is_flag=True, help="With the corpus of a million mentions; takes an hour.")
@click.option("--quick", is_flag=True, help="Small corpora, few repeats: whether it runs, not how fast.")
@click.option(
    "--work",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep the corpora in this directory, so that the next run need not make them.",
)
def command(work: Path | None, *, million: bool, quick: bool) -> None:
    """Measure the store and the pages on the same corpora, as one JSON object."""
    sizes = store.QUICK_SIZES if quick else (*store.SIZES, *((store.MILLION,) if million else ()))
    with store.kept(work) as place:
        found = {
            "store": store.measured(sizes, place, quick=quick),
            "web": web.measured(
                max(sizes),
                web.QUICK_USERS if quick else web.USERS,
                web.QUICK_SECONDS if quick else web.SECONDS,
                place,
                pause=web.QUICK_PAUSE if quick else 5.0,
                rounds=web.QUICK_ROUNDS if quick else web.ROUNDS,
            ),
        }
    click.echo(json.dumps(found, indent=1))
