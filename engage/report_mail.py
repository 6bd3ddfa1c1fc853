"""Reports by e-mail: a week's or a month's summary, written once, with links to what is behind its figures.

A summary's id is its order and the day it is written: two processes that find it due at once make the same
id, and the second is dropped. It covers the whole UTC days before that day.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from core.bodies import body_of, value_of
from core.clock import from_iso, iso
from core.errors import InputError, SendRefused
from core.kept import Kept
from core.ports import Store
from core.work import OutboxItem
from core.zones import zone_of
from engage.alerting import alert_channel
from engage.channel import Alert, Fact
from engage.connections import connection_of
from engage.insight.prediction import latest
from engage.outbound import Outbound
from engage.plays import plays
from engage.reporting import Figure, Scorecard, scorecard, voices

CHANNEL = "report"
KIND = "report_mail"
MAX_ORDERS, MAX_TARGET = 20, 1_000
#: Accounts named that are most likely lost.
AT_RISK = 3


class Span(enum.StrEnum):
    """Name what a summary covers."""

    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """Whom to send a summary, by which way and when."""

    key: str
    #: Key of the connection by which it goes, and whom: addresses for e-mail.
    way: str
    target: str = ""
    span: Span = Span.WEEK
    hour: str = "08:00"
    zone: str = "UTC"
    since: datetime

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            InputError: it says what is wrong.
        """
        if len(self.target) > MAX_TARGET:
            raise InputError(f"at most {MAX_TARGET:,} characters say whom to send it to")
        zone_of(self.zone)
        try:
            time.fromisoformat(self.hour)
        except ValueError:
            raise InputError("a time is written 08:00") from None

    def turn(self, now: datetime) -> tuple[date, datetime]:
        """Return the newest Monday, or first of a month, whose hour has come, and that moment."""
        zone, hour = ZoneInfo(self.zone), time.fromisoformat(self.hour)
        day = now.astimezone(zone).date()
        while True:
            moment = datetime.combine(day, hour, tzinfo=zone).astimezone(UTC)
            if moment <= now and (day.weekday() == 0 if self.span is Span.WEEK else day.day == 1):
                return day, moment
            day -= timedelta(days=1)

    def begin(self, day: date) -> date:
        """Return the first day that the summary of `day` covers."""
        if self.span is Span.WEEK:
            return day - timedelta(days=7)
        return (day - timedelta(days=1)).replace(day=1)


def orders(store: Store) -> list[Order]:
    """Return every order, the oldest first."""
    found = [value_of(Order, item.body) for item in store.kept(KIND)]
    return sorted(found, key=lambda one: (one.since, one.key))


def save_order(store: Store, order: Order, *, actor: str, now: datetime) -> None:
    """Keep a new order.

    Raises:
        InputError: there are too many.
    """
    if len(store.kept(KIND)) >= MAX_ORDERS:
        raise InputError(f"there are {MAX_ORDERS} already; remove one first")
    store.keep(Kept(kind=KIND, key=order.key, body=body_of(order), by=actor, at=now))


def remove_order(store: Store, key: str, *, actor: str, now: datetime) -> None:
    """Take an order away; what it has written and not sent yet is refused by the sender."""
    store.drop(KIND, key, actor=actor, now=now)


def last_sent(store: Store, order: Order) -> OutboxItem | None:
    """Return the newest summary that was written for an order."""
    return next(iter(store.outbox(prefix=f"report:{order.key}:", limit=1)), None)


def write_reports(store: Store, *, now: datetime) -> int:
    """Write the summaries that are due; return how many were written."""
    due = [item for order in orders(store) if (item := _due(store, order, now))]
    return store.post(due) if due else 0


def _due(store: Store, order: Order, now: datetime) -> OutboxItem | None:
    day, moment = order.turn(now)
    item_id = f"report:{order.key}:{day}"
    if moment < order.since or store.outbox(ids=[item_id], limit=1):
        return None
    payload = {"at": iso(now), "begin": str(order.begin(day)), "end": str(day)}
    return OutboxItem(id=item_id, channel=CHANNEL, payload=payload, due_at=now)


class Reporter:
    """Sends summaries out of the outbox."""

    def __init__(self, store: Store, data_dir: Path, out: Outbound, *, address: str) -> None:
        self.store, self.data_dir, self.out, self.address = store, data_dir, out, address.rstrip("/")

    def send(self, item: OutboxItem) -> str:
        """Tell the team; return a word about it for the log.

        Raises:
            SendRefused: the order or its way is no more, or the other side will not take it.
            SendLater: it cannot be taken now.
        """
        key = item.id.split(":")[1]
        order = next((one for one in orders(self.store) if one.key == key), None)
        if order is None:
            raise SendRefused("the order was removed meanwhile")
        link = connection_of(self.data_dir, order.way)
        channel = alert_channel(link)
        if link is None or channel is None:
            raise SendRefused(f"{order.way} is no longer connected; order the report by another way")
        begin, end = (date.fromisoformat(str(item.payload[name])) for name in ("begin", "end"))
        at = from_iso(str(item.payload["at"]))
        message = summary(self.store, begin, end, id=item.id, address=self.address, at=at)
        return channel.deliver(link, self.out, message, order.target)


def summary(store: Store, begin: date, end: date, *, id: str, address: str, at: datetime) -> Alert:  # noqa: A002
    """Return the summary of the days from `begin` up to `end`, which it leaves out."""
    last = end - timedelta(days=1)
    start, stop = (datetime.combine(day, time(), tzinfo=UTC) for day in (begin, end))
    card = scorecard(store, plays(store), start, now=at)
    facts = [
        *_voices(store, start, stop, address),
        *_kept(card, address),
        *_risks(store, card, address),
    ]
    return Alert(
        id=id, rule="Report", title=f"Report, {begin} to {last}", count=0, lines=(), facts=facts, at=at,
        summary="What was said, who stayed and who may leave. Each line links to what is behind it.",
        link=f"{address}/reports?days=30",
    )  # fmt: skip


def _voices(store: Store, begin: datetime, end: datetime, address: str) -> Iterator[Fact]:
    for watch in store.watches():
        said = voices(store, watch, begin, end, now=end)
        whole = sum(one.mentions.count for one in said) or 1
        for one in said:
            share = f"{100 * one.mentions.count / whole:.0f} % of what was said"
            mentions = f"{one.brand}: {_mentions(one.mentions.count)} ({share})"
            yield Fact(words=mentions, link=_search(address, one.mentions))
            negative = one.tones["negative"]
            yield Fact(words=f"{one.brand}: {negative.count:,} negative", link=_search(address, negative))


def _kept(card: Scorecard, address: str) -> Iterator[Fact]:
    if card.retention is None:
        return
    words = f"{len(card.kept):,} of {len(card.began):,} accounts kept ({100 * card.retention:.0f} %)"
    yield Fact(words=words, link=f"{address}/accounts")
    if card.lost:
        names = ", ".join(one.contract.name for one in card.lost)
        yield Fact(words=f"Lost: {names}", link=f"{address}/accounts")
    if card.saves:
        yield Fact(words=f"{len(card.saves):,} saved by plays", link=f"{address}/plays?result=saved")


def _risks(store: Store, card: Scorecard, address: str) -> Iterator[Fact]:
    told = latest(store)
    names = {one.key: one.contract.name for one in card.present}
    # An account that was lost or removed since the prediction is no risk any more.
    risks = [one for one in told.risks if one.account in names] if told else []
    for one in risks[:AT_RISK]:
        words = f"At risk: {names[one.account]}, lost within half a year with a chance of {one.chance:.0%}"
        yield Fact(words=words, link=f"{address}/accounts/{one.account}")


def _search(address: str, figure: Figure) -> str:
    return f"{address}/search?{urlencode({'q': figure.query})}"


def _mentions(count: int) -> str:
    return "1 mention" if count == 1 else f"{count:,} mentions"
