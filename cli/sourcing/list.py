"""`earful source list`: every source, and the state of its keys."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from core.settings import Settings

if TYPE_CHECKING:
    from crawlers.keys import Keys
    from crawlers.source import Source

WIDTH = 100


@click.command("list")
@click.pass_obj
def command(settings: Settings) -> None:
    """Say of every source what it reads, whether it is on by default, and which keys are set.

    Of a key that is absent it says what it would add and how to get one. No key is ever shown.
    """
    from crawlers.catalog import sources  # noqa: PLC0415 - scrapy costs 0.5 s that --help need not pay
    from crawlers.keys import load_keys  # noqa: PLC0415 - the same

    keys = load_keys(settings.data_dir)
    for found in sources().values():
        click.echo("\n".join(lines(found, keys)))
        click.echo()


def lines(found: type[Source], keys: Keys) -> Iterator[str]:
    """Yield what is said of one source."""
    is_default = found.default_settings("Product") is not None
    yield f"{found.name}: {found.title}; {_switch(found, is_default=is_default)}"
    yield from textwrap.wrap(
        found.about, WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False
    )
    for name, adds in found.key_fields.items():
        places = [one for one in keys.of(found.name) if one.partition("@")[0] == name]
        if places:
            yield f"  key {', '.join(places)}: set"
            continue
        whole = f"{name}@SERVER" if found.key_per_server() else name
        told = f"key {whole}: absent; it adds {adds}. `earful source set-key {found.name} {whole}`"
        yield from textwrap.wrap(
            told, WIDTH, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False
        )


def _switch(found: type[Source], *, is_default: bool) -> str:
    if found.needs_key:
        return "off until it has a key"
    return "on by default" if is_default else "off until a watch names what to read"
