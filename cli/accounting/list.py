"""`earful account list`: where each customer stands."""

from __future__ import annotations

import json

import click

from core.bodies import body_of
from core.kept import Order, Sought
from core.settings import Settings
from core.stages import Stage
from engage.customers import ACCOUNT, account_of, walk
from store import open_store


@click.command("list")
@click.option("--stage", type=click.Choice(list(Stage)), help="Only accounts at a stage.")
@click.option("--renewals", is_flag=True, help="By renewal date, soonest first; only accounts that have one.")
@click.pass_obj
def command(settings: Settings, stage: str | None, renewals: bool) -> None:  # noqa: FBT001 — click's form
    """Write accounts as JSON Lines, with stage and reasons."""
    store = open_store(settings.database_url)
    order = Order.SOONEST if renewals else Order.KEY
    try:
        for item in walk(store, Sought(kind=ACCOUNT, states=(stage,) if stage else (), order=order)):
            click.echo(json.dumps(body_of(account_of(item).account), ensure_ascii=False))
    finally:
        store.close()
