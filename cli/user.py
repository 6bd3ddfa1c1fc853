"""`earful user`: the people who sign in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from cli.main import data_option
from core.clock import SystemClock, iso
from core.ports import Store
from core.settings import Settings
from core.user import Role
from engage.people import add_user, find, give_role, link_for, reset, set_disabled
from store import open_store

#: Who the audit names for what is done from here: whoever can start the program.
ACTOR = "earful"
ROLE = click.Choice([role.value for role in Role])


@click.group("user")
def command() -> None:
    """Add the people who sign in, give them roles, and let them in again."""


@command.command("list")
@click.pass_obj
def show(settings: Settings) -> None:
    """List everybody with their role, one a line, parts apart by tabs."""
    with opened(settings) as store:
        for user in store.users():
            state = "disabled" if user.disabled else ("password" if user.password_hash else "link only")
            click.echo("\t".join((user.name, user.role.value, state, iso(user.created_at))))


@command.command("add")
@click.argument("name")
@click.option("--role", type=ROLE, default="agent", show_default=True, help="What they may do.")
@click.pass_obj
def add(settings: Settings, name: str, role: str) -> None:
    """Add somebody; prints the path of a link that signs them in once, within 24 hours."""
    with opened(settings) as store:
        _tell(add_user(store, name, Role(role), actor=ACTOR, now=SystemClock().now()))


@command.command("role")
@click.argument("name")
@click.argument("role", type=ROLE)
@click.pass_obj
def role_(settings: Settings, name: str, role: str) -> None:
    """Give somebody another role."""
    with opened(settings) as store:
        give_role(store, name, Role(role), actor=ACTOR, now=SystemClock().now())


@command.command("disable")
@click.argument("name")
@click.pass_obj
def disable(settings: Settings, name: str) -> None:
    """Let somebody in no longer; their sessions end at once."""
    with opened(settings) as store:
        set_disabled(store, name, disabled=True, actor=ACTOR, now=SystemClock().now())


@command.command("enable")
@click.argument("name")
@click.pass_obj
def enable(settings: Settings, name: str) -> None:
    """Let somebody in again."""
    with opened(settings) as store:
        set_disabled(store, name, disabled=False, actor=ACTOR, now=SystemClock().now())


@command.command("reset")
@click.argument("name")
@click.pass_obj
def reset_(settings: Settings, name: str) -> None:
    """Forget somebody's password and end their sessions; prints a link as `add` does."""
    with opened(settings) as store:
        _tell(reset(store, name, actor=ACTOR, now=SystemClock().now()))


@command.command("link")
@click.argument("name")
@click.pass_obj
def link(settings: Settings, name: str) -> None:
    """Print a link that signs somebody in once; their password stays."""
    with opened(settings) as store:
        _tell(link_for(store, find(store, name).name, now=SystemClock().now()))


for _each in command.commands.values():
    _each.params.append(data_option())


@contextmanager
def opened(settings: Settings) -> Iterator[Store]:
    """Open the store, and close it whatever happens."""
    store = open_store(settings.database_url)
    try:
        yield store
    finally:
        store.close()


def _tell(token: str) -> None:
    click.echo(f"/sign-in/{token}")
    click.echo("Put Earful's address before it, and send it to them in person; it works once.", err=True)
