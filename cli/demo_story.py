"""The demo's customers: accounts imported, who belongs to them, what happened to the product."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from cli.demo_deeds import do_deeds
from core.customers import Handle, Person, Seat, person_key
from core.kept import Kept, Sought
from core.ports import Store
from crawlers.replay.corpus import Corpus, accounts_table, load_corpus
from crawlers.replay.corpus import Person as Writer
from engage.accounts import Change, plan_import, save_import
from engage.customers import ACCOUNT, MERGED, PERSON, person_item
from engage.happenings import Happening, HappeningKind, keep_happening
from engage.standing import refresh_accounts

#: Who did it, in the audit.
ACTOR = "earful up"
#: What happened to the invented product, before its dates are shifted.
HAPPENINGS = (
    (HappeningKind.OUTAGE, "Two days without boards", date(2025, 6, 17), date(2025, 6, 18)),
    (HappeningKind.RELEASE, "Plinthly 8: live boards", date(2025, 10, 7), date(2025, 10, 7)),
    (HappeningKind.OUTAGE, "36 hours without Plinthly in Europe", date(2026, 8, 12), date(2026, 8, 13)),
    (HappeningKind.RELEASE, "The calendar release", date(2026, 11, 17), date(2026, 11, 17)),
)
TOLD_KIND, TOLD_KEY = "setting", "demo.story"


def tell_story(store: Store, *, days: int, now: datetime) -> None:
    """Bring in once what the demo's team knows of its customers, every date moved by `days`.

    What a person changes afterwards stays; killed half way, the next start goes on with the rest.
    """
    if store.kept_one(TOLD_KIND, TOLD_KEY) is not None:
        return
    corpus = load_corpus(past=True)
    plan = plan_import(store, [accounts_table(days).encode()])
    if plan.count(Change.NEW) or plan.count(Change.CHANGED):
        save_import(store, plan, file="accounts.csv", actor=ACTOR, now=now)
    store.keep_all([item for person in people(corpus) for item in _items(person, now)])
    refresh_accounts(store, [item.key for item in store.kept(ACCOUNT)], now=now)
    by = timedelta(days=days)
    for kind, name, begin, end in HAPPENINGS:
        told = Happening(kind=kind, name=name, begin=begin + by, end=end + by)
        keep_happening(store, told, actor=ACTOR, now=now)
    if not store.kept_counts(Sought(kind="play")):
        do_deeds(store, corpus, now=now)
    store.keep_all([Kept(kind=TOLD_KIND, key=TOLD_KEY, body={}, by=ACTOR, at=now)])


def people(corpus: Corpus) -> Iterator[Person]:
    """Yield the people of the corpus who belong to an account, as Earful keeps them."""
    for writer in corpus.people:
        if writer.account:
            handles = handles_of(writer)
            yield Person(
                key=person_key(handles[0].source, handles[0].name),
                handles=handles,
                name=writer.name,
                account=writer.account,
                seat=Seat(writer.seat),
                matched_by=ACTOR,
            )


def _items(person: Person, now: datetime) -> Iterator[Kept]:
    """Yield a person as kept, and what leads to them from each further handle."""
    yield person_item(person, version=0, by=ACTOR, now=now)
    for other in person.handles[1:]:
        key = person_key(other.source, other.name)
        yield Kept(kind=PERSON, key=key, body={"into": person.key}, by=ACTOR, at=now, state=MERGED)


def handles_of(writer: Writer) -> tuple[Handle, ...]:
    """Return the handles under which the spiders read somebody: other servers name theirs, too."""
    names = (writer.handle, f"{writer.handle}@{writer.server}") if writer.server else (writer.handle,)
    return tuple(Handle(source=writer.source, name=name) for name in names)
