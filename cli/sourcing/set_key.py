"""`earful source set-key`: take a credential, without showing it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from cli.sourcing.test import let_go_on
from core.errors import InputError
from core.settings import Settings

if TYPE_CHECKING:
    from crawlers.keys import Keys

#: More than any credential: what is longer is a file piped in by mistake.
MOST = 16_384


@click.command("set-key")
@click.argument("source")
@click.argument("key_field", metavar="FIELD")
@click.option("--no-check", is_flag=True, help="Do not ask the source whether the key is good.")
@click.option("--base-url", metavar="URL", help="Ask this address instead of the source's own.")
@click.option("--allow-proxy", is_flag=True, envvar="EARFUL_ALLOW_PROXY", help="Go through HTTP(S)_PROXY.")
@click.pass_obj
def command(
    settings: Settings,
    source: str,
    key_field: str,
    *,
    no_check: bool,
    base_url: str | None,
    allow_proxy: bool,
) -> None:
    """Take the credential FIELD of SOURCE from standard input, or ask for it without showing it.

    It goes into keys.toml in the data directory, which nobody else may read, and is tried with one request.
    FIELD is written FIELD@SERVER where each server gives out its own keys, such as token@social.example.
    """
    from crawlers.keys import check_field, load_keys, save_key  # noqa: PLC0415 - scrapy costs 0.5 s

    found = check_field(source, key_field)
    # Refuse a faulty file before asking for a secret.
    load_keys(settings.data_dir)
    save_key(settings.data_dir, source, key_field, _value(source, key_field))
    keys = load_keys(settings.data_dir)
    click.echo(f"{key_field} of {source} is stored in {settings.data_dir / 'keys.toml'}", err=True)
    host = key_field.partition("@")[2]
    at = f"@{host}" if host else ""
    absent = [name for name in found.key_fields if f"{name}{at}" not in keys.of(source)]
    if absent:
        click.echo(
            f"{source} takes {', '.join(absent)} as well; the key is tried when they are set", err=True
        )
    elif not no_check:
        _try(settings, source, host, keys, base_url=base_url, allow_proxy=allow_proxy)


def _value(source: str, key_field: str) -> str:
    """Return the secret: a line of standard input, or what a person types unseen.

    Raises:
        InputError: there is none.
    """
    if sys.stdin.isatty():
        value: str = click.prompt(f"{key_field} of {source} (not shown)", hide_input=True)
        return value
    value = sys.stdin.read(MOST + 1).strip()
    if not value or len(value) > MOST or "\n" in value:
        raise InputError("standard input holds the key on one line, and nothing else")
    return value


def _try(
    settings: Settings, source: str, host: str, keys: Keys, *, base_url: str | None, allow_proxy: bool
) -> None:
    from crawlers.runner import Plan  # noqa: PLC0415 - scrapy costs 0.5 s that --help need not pay
    from crawlers.trial import try_key  # noqa: PLC0415 - the same
    from store import open_store  # noqa: PLC0415 - the same

    bases = {source: base_url} if base_url else {}
    store = open_store(settings.database_url)
    try:
        plan = Plan(settings=settings, base_urls=bases, keys=keys, allow_proxy=allow_proxy)
        answer = try_key(store, plan, source, host)
        if answer.error is not None:
            told = keys.hide(str(answer.error))
            click.echo(f"it is stored, but the request to try it failed: {told}", err=True)
            raise SystemExit(1)
        click.echo(f"{source} answers with it", err=True)
        let_go_on(store, source)
    finally:
        store.close()
