"""`earful status`: what it is at just now, and what needs somebody."""

from __future__ import annotations

from collections.abc import Iterator

import click

from core.ports import Store
from core.settings import Settings
from core.source import SourceStatus
from engage.parts import troubles
from nlp import model_name
from store import open_store

#: A source that backs off goes on by itself.
NEED_SOMEBODY = (SourceStatus.SUSPECT, SourceStatus.BLOCKED, SourceStatus.DEAD)


@click.command("status")
@click.pass_context
def command(ctx: click.Context) -> None:
    """Tell how much is stored, what still waits, and what is wrong. Exit code 1 when somebody is needed.

    It only looks: an index that is being made anew for a new version is told, not waited for.
    """
    settings: Settings = ctx.obj
    store = open_store(settings.database_url, only_look=True)
    try:
        click.echo(f"{store.tally('mention'):,} mentions in {store.tally('thread'):,} threads")
        click.echo(f"{store.backlog(model_name(settings.model_dir)):,} wait for labels")
        for line in store.under_way():
            click.echo(line)
        wrong = list(_wrong(store))
    finally:
        store.close()
    for line in wrong:
        click.echo(f"! {line}")
    ctx.exit(1 if wrong else 0)


def _wrong(store: Store) -> Iterator[str]:
    yield from troubles(store)
    for state in store.source_states():
        if state.status in NEED_SOMEBODY and not state.paused:
            yield f"{state.source} for {state.watch_id}: {state.status.value}; {state.reason}"
    if letters := store.dead_letters():
        yield f"{len(letters)} documents were refused by the store; `earful dead-letters` says which and why"
