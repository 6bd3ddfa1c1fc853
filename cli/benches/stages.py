"""How many people of the demo stand where its authors put them, by the model's labels."""

from __future__ import annotations

import json
from collections import Counter

import click

from core.errors import ConfigError, NotFound
from core.settings import Settings
from core.stages import Stage
from crawlers.replay.corpus import load_corpus
from engage.customers import find_person
from nlp import model_name
from store import open_store

#: The authors say nothing of these.
QUIET = ("", "quiet")


@click.command("stages")
@click.pass_obj
def command(settings: Settings) -> None:
    """Compare the stages in a demo that was read and labelled (`earful up --demo`) with the planted ones.

    Name its directory with --data. With the planted labels at least 95 in 100 agree, which a test holds; this
    is what is left with the model's.
    """
    planted = [one for one in load_corpus(past=True).people if one.stage not in QUIET]
    told: Counter[str] = Counter()
    store = open_store(settings.database_url)
    try:
        waiting = store.backlog(model_name(settings.model_dir))
        for one in planted:
            try:
                found = find_person(store, f"{one.source}:{one.handle}").person.standing.stage
            except NotFound:
                found = Stage.UNKNOWN
            told[f"{one.stage} found as {found.value}"] += 1
    finally:
        store.close()
    if waiting or not told:
        raise ConfigError(f"{waiting} mentions are not labelled yet; let `earful up --demo` finish first")
    agree = sum(n for pair, n in told.items() if pair.split(" found as ")[0] == pair.split(" found as ")[1])
    result = {"people": len(planted), "agree": agree, "share": round(agree / len(planted), 4)}
    click.echo(json.dumps({**result, "pairs": dict(told.most_common())}, indent=1))
