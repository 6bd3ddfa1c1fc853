"""`earful token`: tokens with which programs read Earful and act in it."""

from __future__ import annotations

import click

from cli.main import data_option
from cli.user import opened
from core.clock import SystemClock, iso
from core.settings import Settings
from core.token import Scope
from engage.access import FIRST_USER
from engage.tokens import MAX_DAYS, end_token, make_token, tokens

SCOPES = click.Choice([scope.value for scope in Scope if scope is not Scope.FEED])


@click.group("token")
def command() -> None:
    """Make and end API tokens; docs/api.md tells what they are good for."""


@command.command("list")
@click.pass_obj
def show(settings: Settings) -> None:
    """List all tokens: id, owner, scope, end, last use and name, parts apart by tabs. No token is shown."""
    with opened(settings) as store:
        for token in tokens(store):
            used = iso(token.last_used_at) if token.last_used_at else "never used"
            parts = (token.id, token.owner, token.scope.value, iso(token.expires_at), used, token.name)
            click.echo("\t".join(parts))


@command.command("add")
@click.argument("name")
@click.option("--user", default=FIRST_USER, show_default=True, help="Whom it acts for.")
@click.option("--scope", type=SCOPES, default="read", show_default=True, help="What it may do.")
@click.option(
    "--days", type=click.IntRange(1, MAX_DAYS), default=90, show_default=True, help="Days until it ends."
)
@click.pass_obj
def add(settings: Settings, name: str, user: str, scope: str, days: int) -> None:
    """Make a token named after what will use it; prints it, once, on standard output."""
    with opened(settings) as store:
        _, text = make_token(
            store, owner=user, name=name, scope=Scope(scope), days=days, now=SystemClock().now()
        )
    click.echo(text)
    click.echo("It is shown only now; Earful keeps its SHA-256.", err=True)


@command.command("end")
@click.argument("token_id")
@click.pass_obj
def end(settings: Settings, token_id: str) -> None:
    """End the token with this id at once."""
    with opened(settings) as store:
        token = end_token(store, token_id, actor="earful", owner=None, now=SystemClock().now())
    click.echo(f"ended {token.name}")


for _each in command.commands.values():
    _each.params.append(data_option())
