"""How long the customers' pages, the nightly recompute, one mention and an erasure take."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from http import HTTPStatus
from pathlib import Path

import click

from cli.benches.corpora import END, MODEL, PRODUCT, WATCH, labels_for
from cli.benches.measures import machine, users
from cli.benches.measures.filled import copied
from cli.benches.measures.timing import ms, percentile, timed
from cli.benches.store import kept
from cli.serve import stays
from core.clock import SetClock
from core.errors import EarfulError
from core.kept import Kept, Sought
from core.mention import Author, Kind, Mention
from core.plays import Grade, Result
from core.ports import Store
from core.settings import Settings
from core.source import Found
from core.thread import Thread
from core.work import Answer
from engage import advocates, goals, plays
from engage.accounts import plan_import, save_import
from engage.answering import answer
from engage.customers import ACCOUNT, EARFUL, MERGED, PERSON, person_item, person_of, walk
from engage.desk import resolve
from engage.erasing import forget
from engage.matching import suggest_for_all
from engage.standing import follow, rebuild, refresh_accounts, sweep
from store import open_store
from web import create_app

SIZE, ACCOUNTS, REPEATS = 100_000, 2_000, 30
QUICK_SIZE, QUICK_ACCOUNTS, QUICK_REPEATS = 2_000, 50, 2
#: Of each: plays, goals, people in the programme.
DEEDS = 200
#: Threads that the team answered, half of them settled.
ANSWERED = 600
#: Threads that get one more mention each.
FOLLOWED = 300
#: Written together.
STEP = 500
TIERS, OWNERS = ("starter", "team", "business", "enterprise"), ("ada", "bob", "cleo", "dan")


@click.command("customers")
@click.option("--size", type=click.IntRange(1_000), help="Mentions in the corpus.")
@click.option("--accounts", type=click.IntRange(1), help="Accounts brought in.")
@click.option("--quick", is_flag=True, help="A small corpus, few repeats: whether it runs, not how fast.")
@click.option(
    "--work",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where `earful bench store --work` kept its corpora, or where to keep one.",
)
def command(size: int | None, accounts: int | None, work: Path | None, *, quick: bool) -> None:
    """Measure customers on SQLite: pages, recompute, one mention, an erasure; as JSON.

    Times are of the processor, which other programs disturb least, with the waited ones beside them. Pages
    are asked of the application in this process, without a network.
    """
    found = measured(
        size or (QUICK_SIZE if quick else SIZE),
        accounts or (QUICK_ACCOUNTS if quick else ACCOUNTS),
        QUICK_REPEATS if quick else REPEATS,
        work,
    )
    click.echo(json.dumps(found, indent=1))


def measured(size: int, accounts: int, repeats: int, work: Path | None) -> dict[str, object]:
    """Return how long each part takes over `size` mentions and `accounts` accounts."""
    with kept(work) as place, copied(place, size) as data:
        store = open_store(f"sqlite:///{data}/earful.db", clock=SetClock(END))
        try:
            return {"machine": machine.described(), "load": machine.load(), "mentions": size} | _measured(
                store, data, accounts, repeats
            )
        finally:
            store.close()


def _measured(store: Store, data: Path, accounts: int, repeats: int) -> dict[str, object]:
    table = "\n".join(_table(accounts)).encode()
    done: dict[str, object] = {
        "import": _once(
            lambda: save_import(store, plan_import(store, [table]), file="a.csv", actor="bench", now=END)
        ),
        "every_thread_read": _once(lambda: rebuild(store, now=END)),
    }
    done |= {"accounts": accounts, "people": _place(store, accounts)}
    _deeds(store)
    later = END + timedelta(days=1)
    done["nightly"] = {
        "stages": _once(lambda: sweep(store, now=later)),
        "matches": _once(lambda: suggest_for_all(store, now=later)),
    }
    done["one_mention"] = _told([timed(act) for act in _mentions(store)])
    done["pages"] = _pages(store, data, repeats)
    busy, quiet = _heard(store)
    done["forget"] = {
        "who_said_most": _once(lambda: forget(store, busy, actor="bench", now=later)),
        "who_said_least": _once(lambda: forget(store, quiet, actor="bench", now=later)),
    }
    return done


def _once(act: Callable[[], object]) -> dict[str, float]:
    cpu, wall = timed(act)
    return _noted({"cpu_s": round(cpu, 3), "s": round(wall, 3)})


def _noted(figures: dict[str, float]) -> dict[str, float]:
    """Return figures, told at once as well: the whole takes long."""
    click.echo(json.dumps(figures), err=True)
    return figures


def _told(times: Sequence[tuple[float, float]]) -> dict[str, float]:
    cpu, wall = [one[0] for one in times], [one[1] for one in times]
    told = {
        "p50_cpu_ms": ms(percentile(cpu, 0.5)),
        "p95_cpu_ms": ms(percentile(cpu, 0.95)),
        "p50_ms": ms(percentile(wall, 0.5)),
        "p95_ms": ms(percentile(wall, 0.95)),
    }
    return _noted(told)


def _table(accounts: int) -> Iterator[str]:
    """Yield the lines of a table: renewals all over two years, one of eight lost."""
    yield "key,name,domains,tier,owner,value,start,renewal,outcome,value_before"
    for number in range(accounts):
        start = END.date() - timedelta(days=30 + number * 7 % 1500)
        renewal = END.date() + timedelta(days=number * 11 % 730 - 365)
        past = renewal < END.date()
        outcome = ("lost", "renewed", "expanded", "shrunk")[number % 4] if past else ""
        begin = min(start, renewal - timedelta(days=365))
        value = 1_000 + number * 37 % 90_000
        before = value * 9 // 10 if past else ""
        yield (
            f"a{number},Account {number},a{number}.example,{TIERS[number % 4]},{OWNERS[number % 3]},{value},"
            f"{begin},{renewal},{outcome},{before}"
        )


def _place(store: Store, accounts: int) -> int:
    """Let everybody belong to an account; return how many people there are."""
    batch: list[Kept] = []
    count = 0
    for item in list(walk(store, Sought(kind=PERSON))):
        if item.state != MERGED:
            stored = person_of(item)
            person = replace(stored.person, account=f"a{count % accounts}", matched_by="bench")
            batch.append(person_item(person, version=stored.version, by=EARFUL, now=END))
            count += 1
    for start in range(0, len(batch), STEP):
        store.keep_all(batch[start : start + STEP])
    refresh_accounts(store, [item.key for item in store.kept(ACCOUNT)], now=END)
    return count


def _deeds(store: Store) -> None:
    people = store.kept_page(Sought(kind=PERSON), limit=DEEDS).items
    for place, item in enumerate(store.kept_page(Sought(kind=ACCOUNT), limit=DEEDS).items):
        play = plays.start(
            store, item.key, "A play", owner="ada", steps=("Call",), due=None, actor="ada", now=END
        )
        if place % 2:
            result = Result.SAVED if place % 4 == 1 else Result.LOST
            plays.end(store, play.key, result, grade=Grade.CLAIMED, value=900.0, hours=3.0, proof="",
                      actor="ada", now=END)  # fmt: skip
        goals.set_goal(store, "A goal", account=item.key, unit="boards", baseline=1.0, target=9.0,
                       due=date(2026, 9, 1), owner="ada", actor="ada", now=END)  # fmt: skip
    # Answered over two months: ten a day of them.
    for place, thread in enumerate(_threads(store, ANSWERED)):
        at = END - timedelta(days=60) * (ANSWERED - place) / ANSWERED
        answer(store, thread.id, thread.triage.version, "We look into it.", answer_id=f"bench{place}",
               actor=OWNERS[place % 4], now=at)  # fmt: skip
        if place % 2:
            resolve(store, thread.id, store.thread(thread.id).triage.version, actor="ada", now=at)
    for item in people:
        advocates.find(store, item.key, actor="ada", now=END)


def _threads(store: Store, count: int) -> Iterator[Thread]:
    """Yield threads from all over the corpus."""
    begun = {one.mention.thread_id for one in store.mentions() if not one.context and not one.own}
    yield from map(store.thread, sorted(begun)[:: max(1, len(begun) // count)][:count])


def _mentions(store: Store) -> Iterator[Callable[[], object]]:
    """Yield what is done about people after one more mention, in threads all over the corpus."""
    rows = [one.mention for one in store.mentions() if not one.context and not one.own]
    for place, mention in enumerate(rows[:: max(1, len(rows) // FOLLOWED)][:FOLLOWED]):
        answer = Mention(
            id=f"{mention.source}:n{place}", source=mention.source, native_id=f"n{place}", kind=Kind.COMMENT,
            url=f"https://{mention.source}.example/n/{place}", thread_id=mention.thread_id,
            parent_id=mention.id, author=Author(handle=mention.author.handle), text=f"{PRODUCT} and so on.",
            published_at=END - timedelta(minutes=1), language="en",
        )  # fmt: skip
        store.put([Found(mention=answer, watch_id=WATCH.id)], now=END)
        labels = labels_for(place * 7919, PRODUCT, "en")
        store.put_labels(
            [Answer(mention_id=answer.id, revision=1, labels=replace(labels, model=MODEL))], now=END
        )
        thread, watch = store.thread(mention.thread_id), store.watch(WATCH.id)
        yield lambda thread=thread, watch=watch: follow(store, thread, watch, now=END)  # type: ignore[misc]


def _addresses(store: Store) -> Iterator[str]:
    yield from (
        "/accounts", "/accounts?stage=at_risk", "/people", "/people?stage=satisfied", "/renewals",
        "/renewals/neglected", "/renewals/new", "/renewals/win-back", "/renewals/owed", "/rivals", "/matches",
        "/advocates", "/referrals", "/plays", "/plays/effort", "/goals", "/reports", "/reports?days=730",
        "/reports/accounts?of=began", "/reports/retention", "/accounts-import",
        "/reports/team", "/reports/team?days=90&show=answered", "/moves?kind=person&from=unknown&to=at_risk",
    )  # fmt: skip
    (person,) = store.kept_page(Sought(kind=PERSON), limit=1).items
    yield from (f"/people/{person.key}", "/accounts/a1", "/reviews/a1")


def _pages(store: Store, data: Path, repeats: int) -> dict[str, object]:
    app = create_app(store, Settings(data_dir=data), clock=SetClock(END))
    client = app.test_client()
    stays()
    (token,) = users.signed_in(store, 1)
    client.set_cookie("earful_session", token)

    def fetch(address: str) -> None:
        answer = client.get(address, buffered=True)
        if answer.status_code != HTTPStatus.OK:
            raise EarfulError(f"{address} answered {answer.status_code}")

    told: dict[str, object] = {}
    for address in _addresses(store):
        try:
            fetch(address)  # the templates are read once
        except EarfulError as error:
            # A search was stopped after its 2 s, on a machine that has none left.
            told[address] = {"failed": str(error)}
            continue
        told[address] = _told([timed(lambda: fetch(address)) for _ in range(repeats)])  # noqa: B023 — called at once
    return told


def _heard(store: Store) -> tuple[str, str]:
    """Return who said most and who said least, as keys."""
    people = [item for item in walk(store, Sought(kind=PERSON)) if item.state != MERGED]
    ordered = sorted(people, key=lambda item: (len(person_of(item).person.evidence), item.key))
    return ordered[-1].key, ordered[0].key
