"""`earful source test`: ask a source once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from cli.children import end_with_parent
from cli.crawl import parse_bases
from core.clock import iso
from core.errors import ConfigError
from core.settings import Settings

if TYPE_CHECKING:
    from core.ports import Store
    from core.watch import Watch

#: Newest work requests among which the one being worked on is looked for.
RECENT = 200


@click.command("test")
@click.argument("source")
@click.option(
    "--key",
    "at",
    metavar="@SERVER",
    help="Try the stored key instead of a watch: @ alone, or @ and the server that gave it.",
)
@click.option("--watch", "watch_id", metavar="W", help="For this watch; may be left out where there is one.")
@click.option("--draft", metavar="WORK", help="For the watch in a work request, not saved yet.")
@click.option(
    "--base-url", "bases", multiple=True, metavar="S=URL", help="Read source S from another address."
)
@click.option("--allow-proxy", is_flag=True, envvar="EARFUL_ALLOW_PROXY", help="Go through HTTP(S)_PROXY.")
@click.pass_obj
def command(
    settings: Settings,
    source: str,
    *,
    at: str | None,
    watch_id: str | None,
    draft: str | None,
    bases: Sequence[str],
    allow_proxy: bool,
) -> None:
    """Ask SOURCE once, for a watch, and say what came; nothing is stored.

    One request for content; before it robots.txt, and a sign-in where the source wants one.
    """
    from crawlers.catalog import source as find  # noqa: PLC0415 - scrapy costs 0.5 s that --help need not pay
    from crawlers.keys import load_keys  # noqa: PLC0415 - the same
    from crawlers.runner import Plan  # noqa: PLC0415 - the same
    from crawlers.trial import try_key, try_source  # noqa: PLC0415 - the same
    from store import open_store  # noqa: PLC0415 - the same

    end_with_parent()
    find(source)
    keys = load_keys(settings.data_dir)
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = open_store(settings.database_url)
    try:
        plan = Plan(settings=settings, base_urls=parse_bases(bases), keys=keys, allow_proxy=allow_proxy)
        if at is not None:
            answer = try_key(store, plan, source, at.removeprefix("@"))
        else:
            watch = drafted(store, draft) if draft else _chosen(store, watch_id)
            answer = try_source(store, plan, source, watch)
        if at is not None and answer.error is None:
            let_go_on(store, source)
    finally:
        store.close()
    if answer.error is not None:
        click.echo(f"{source}: {keys.hide(str(answer.error))}")
        raise SystemExit(1)
    if at is not None:
        click.echo(f"{source} answers with its key")
        return
    newest = f", the newest of {iso(answer.newest_at)}" if answer.newest_at else ""
    click.echo(f"{source}: {answer.stream} answers with {answer.items} items{newest}; {answer.matches} match")
    for sample in answer.samples:
        click.echo(f"  {sample}")


def let_go_on(store: Store, source: str) -> None:
    """Let what waited because it had no key, or a bad one, be read at the next crawl."""
    for state in store.source_states():
        if state.source == source and state.until is not None:
            store.save_source_state(replace(state, until=None))


def drafted(store: Store, work_id: str) -> Watch:
    """Return the watch that a work request carries.

    Raises:
        ConfigError: there is no such request, or it carries none.
    """
    from store.watchcodec import watch_from_json  # noqa: PLC0415 - as above

    found = next((work for work in store.work(limit=RECENT) if work.id == work_id), None)
    draft = found.payload.get("draft") if found else None
    if not isinstance(draft, dict):
        raise ConfigError(f"no work request {work_id!r} carries a watch to try")
    return watch_from_json(draft)


def _chosen(store: Store, watch_id: str | None) -> Watch:
    """Return the watch asked for, or the only one.

    Raises:
        ConfigError: there is none, or there are several.
    """
    watches = store.watches()
    if watch_id is not None:
        watches = [watch for watch in watches if watch.id == watch_id]
    if len(watches) == 1:
        return watches[0]
    names = ", ".join(watch.id for watch in store.watches()) or 'none: `earful up "Your Product"` makes one'
    raise ConfigError(f"--watch takes one of {names}")
