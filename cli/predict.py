"""`earful predict`: what predicts which accounts stay."""

from __future__ import annotations

import json

import click

from core.bodies import body_of
from core.clock import SystemClock
from core.errors import ConfigError
from core.settings import Settings
from store import open_store


@click.command("predict")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
              help="Form to print.")  # fmt: skip
@click.pass_obj
def command(settings: Settings, form: str) -> None:
    """Work out, from outcomes and behaviours before them, what predicts who stays; keep it for the pages."""
    try:
        from engage.insight.predicting import predict  # noqa: PLC0415 - two seconds that --help need not pay
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"{error.name} is not installed; ./earful predict from a checkout installs it, "
            "or: pip install -r requirements/insight.txt"
        ) from error
    store = open_store(settings.database_url)
    try:
        told = predict(store, now=SystemClock().now())
    finally:
        store.close()
    if form == "json":
        click.echo(json.dumps(body_of(told), indent=1))
        return
    click.echo(f"{told.accounts} accounts followed, {told.lost} lost, {len(told.left_out)} left out")
    if told.lacking:
        click.echo(f"not enough data yet: {told.lacking}")
    for one in told.effects:
        mark = "*" if one.certain else " "
        click.echo(
            f"{mark} {one.behaviour.value:9} hazard x{one.ratio:.2f} [{one.low:.2f}, {one.high:.2f}] per "
            f"{one.step:g}, p {one.p:.4f}, corrected {one.adjusted:.4f}"
        )
    if told.concordance is not None:
        click.echo(
            f"held-out concordance {told.concordance:.2f} "
            f"[{told.concordance_low:.2f}, {told.concordance_high:.2f}]"
        )
    for risk in told.risks[:10]:
        click.echo(f"{risk.account}: x{risk.times:.1f}, {risk.chance:.0%} within half a year")
