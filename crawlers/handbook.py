"""The page of all sources, made from the sources themselves: `docs/sources.md`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from crawlers.catalog import sources
from crawlers.source import Source

HEAD = """\
# Sources

What Earful can read, and how. This page is made from the code by `./earful source docs`; a test holds it
up to date. `./earful source list` says the same of your installation, with the state of each key.
Keys go in by `./earful source set-key`, Settings → Keys, or as `EARFUL_KEY_SOURCE_FIELD`, and never out.

Every source is read with an honest User-Agent, one request at a time per host, robots.txt obeyed,
`Retry-After` honoured. What is stored is looked at again an hour, a day, a week and thirty days after it
was published, so that edits become revisions and deletions remove the text.

Settings that every source has, in a watch or below `[budgets.NAME]` in `earful.toml`: `daily_requests`,
`pages_per_run`; where posts cost money also `daily_usd`. Where a day's requests are short, a watch may be
read first or last (its form, "When time or a budget is short").
"""


def handbook() -> str:
    """Return the page."""
    return "\n".join([HEAD, *(line for found in sources().values() for line in _chapter(found))])


def _chapter(found: type[Source]) -> Iterator[str]:
    yield f"## {found.title} (`{found.name}`)\n"
    yield textwrap.fill(found.about, 110, break_on_hyphens=False, break_long_words=False) + "\n"
    yield f"- By default: {_default(found)}"
    yield f"- First run: {found.reach}"
    if found.home:
        yield f"- Read from: {found.home}"
    yield f"- Looked at again: {_again(found)}"
    for name, adds in found.key_fields.items():
        whole = f"{name}@SERVER" if found.key_per_server() else name
        yield f"- Key `{whole}`: {adds}. `./earful source set-key {found.name} {whole}`"
    if not found.key_fields:
        yield "- Key: none"
    yield ""


def _default(found: type[Source]) -> str:
    if found.needs_key:
        return "off until it has a key"
    on = found.default_settings("Product") is not None
    return "on for every product" if on else "off until a watch names what to read"


def _again(found: type[Source]) -> str:
    if found.ids_change:
        return "its page, which tells a deletion; an edit only as long as the feed shows the entry"
    if found.lookups:
        most = max(lookup.at_once for lookup in found.lookups)
        how = f"by id, up to {most} in one request" if most > 1 else "by id, one by one"
    elif found.recheck is not Source.recheck:
        how = "each item at its own address"
    elif found.thread_url is not Source.thread_url:
        how = "with the conversation around it"
    else:
        return "as long as the list shows it"
    return f"{how}, everything within 24 hours as the terms want" if found.recheck_daily else how
