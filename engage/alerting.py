"""Alerts: what a rule found, written into the outbox once, and told as one message.

An alert's id is its rule and a number that counts up, and it names the mentions it is about and those told
before: posting it is telling and remembering in one act. Two processes that find the same at once make the
same id, and the second is dropped. While an alert waits to be sent no other is written, so a sink that was
down for an hour gets one message, not twelve.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from core.clock import from_iso, iso
from core.errors import NotFound, SendRefused
from core.ports import Store
from core.query import And, Last, Node
from core.query_parser import parse
from core.search import Search, Sort
from core.thread import StoredMention
from core.work import OutboxItem
from engage.channel import Alert, AlertChannel, Connection, Line, channel_of
from engage.connections import connection_of
from engage.muting import unmuted
from engage.outbound import Outbound
from engage.promised import breaking
from engage.promises import Standing
from engage.rules import GROUP_WAIT, Rule, When, rule_of, rules
from engage.saved_searches import KIND as SEARCH_KIND
from engage.views import KIND as VIEW_KIND

CHANNEL = "alert"
#: Mentions that one message names at most; more are counted, and stand on the page it links to.
SHOWN = 10
#: Mentions that one alert is about at most.
MOST = 20_000
PAGE = 500
#: Characters of a mention in a message.
EXCERPT = 280
PREVIEW = timedelta(days=30)
LIKELY = 0.5


def write_alerts(store: Store, *, now: datetime) -> int:
    """Write what every rule has to tell now; return how many alerts were written."""
    found = [item for rule in rules(store) if (item := _alert(store, rule, now))]
    return sum(store.post([item]) for item in found)


def query_of(store: Store, rule: Rule) -> str:
    """Return what a rule looks for: the words of its view or saved search as they are now, else its own."""
    if not rule.follows:
        return rule.query
    kept = (store.kept_one(kind, rule.follows) for kind in (VIEW_KIND, SEARCH_KIND))
    return next((str(item.body.get("query") or rule.query) for item in kept if item), rule.query)


def found_by(store: Store, query: str, span: timedelta, *, now: datetime) -> Iterator[StoredMention]:
    """Yield the mentions of the last `span` that a query finds and nobody muted, newest first."""
    node: Node = And((parse(query).node, Last(span, f"{span.days}d"), *unmuted(store)))
    after = None
    for _ in range(MOST // PAGE):
        page = store.search(Search(node=node, now=now), sort=Sort.NEW, limit=PAGE, after=after)
        yield from (hit.stored for hit in page.hits)
        after = page.next
        if after is None:
            return


def matches(store: Store, rule: Rule, span: timedelta, *, now: datetime) -> Sequence[Match]:
    """Return what a rule finds: of the last `span` what was said, or whose promises break now."""
    query = query_of(store, rule)
    if rule.when is When.SAID:
        return [Match(one, one.first_seen_at) for one in found_by(store, query, span, now=now)]
    late = rule.when is When.LATE
    node = And((parse(query).node, *unmuted(store)))
    # What is late was nearly late before: a warning that was told stays told.
    found = breaking(store, node, (Standing.LATE,) if late else (Standing.SOON, Standing.LATE), now=now)
    return [Match(one.stored, one.promise.due if late else one.promise.warned) for one in found]


def alerts_of(store: Store, rule_key: str, *, limit: int = 50) -> Sequence[OutboxItem]:
    """Return what a rule told, newest first."""
    return store.outbox(prefix=f"alert:{rule_key}:", limit=limit)


def mentions_of(store: Store, item: OutboxItem, limit: int) -> Sequence[StoredMention]:
    """Return the first mentions that an alert is about; erased ones are left out."""
    found: list[StoredMention] = []
    for mention_id in _ids(item, "ids"):
        if len(found) == limit:
            break
        try:
            found.append(store.mention(mention_id))
        except NotFound:
            continue
    return found


def count_of(item: OutboxItem) -> int:
    """Return how many mentions an alert is about."""
    return len(_ids(item, "ids"))


class Match(NamedTuple):
    """A mention that a rule is about, and the moment that made it so."""

    stored: StoredMention
    at: datetime

    @property
    def id(self) -> str:
        """The mention's id."""
        return self.stored.mention.id


class Alerter:
    """Sends alerts out of the outbox."""

    def __init__(self, store: Store, data_dir: Path, out: Outbound, *, address: str) -> None:
        self.store, self.data_dir, self.out, self.address = store, data_dir, out, address.rstrip("/")

    def send(self, item: OutboxItem) -> str:
        """Tell the team; return a word about it for the log.

        Raises:
            SendRefused: the rule or its way is no more, or the other side will not take it.
            SendLater: it cannot be taken now.
        """
        rule = rule_of(self.store, item.id.split(":")[1])
        if rule is None:
            raise SendRefused("the alert was removed meanwhile")
        return deliver(rule, self.data_dir, self.out, self._alert(rule, item))

    def _alert(self, rule: Rule, item: OutboxItem) -> Alert:
        count = count_of(item)
        number = item.id.rpartition(":")[2]
        return Alert(
            id=item.id,
            rule=rule.name,
            title=f"{rule.name}: {_what(rule, count)}",
            count=count,
            summary=summary([*mentions_of(self.store, item, MOST)]),
            lines=[line(one, self.address) for one in mentions_of(self.store, item, SHOWN)],
            link=f"{self.address}/alerts/{quote(rule.key)}/{number}",
            at=from_iso(str(item.payload["at"])),
        )


def test_alert(rule: Rule, *, address: str, now: datetime) -> Alert:
    """Return the message that a test sends."""
    link = f"{address.rstrip('/')}/settings/alerts"
    return Alert(id=f"test:{rule.key}:{iso(now)}", rule=rule.name, title=f"{rule.name}: a test", count=0,
                 summary="This is a test. Real messages list what was found.", lines=(), link=link, at=now,
                 test=True)  # fmt: skip


def deliver(rule: Rule, data_dir: Path, out: Outbound, alert: Alert) -> str:
    """Hand a message to a rule's way.

    Raises:
        SendRefused: the way is no longer connected, or the other side will not take it.
        SendLater: it cannot be taken now.
    """
    link = connection_of(data_dir, rule.way)
    channel = alert_channel(link)
    if link is None or channel is None:
        raise SendRefused(f"{rule.way} is no longer connected; choose another way for the alert")
    return channel.deliver(link, out, alert, rule.target)


def alert_channel(link: Connection | None) -> AlertChannel | None:
    """Return the channel of a connection that alerts go by; None for none."""
    channel = channel_of(link.channel) if link else None
    return channel if isinstance(channel, AlertChannel) else None


def line(stored: StoredMention, address: str) -> Line:
    """Return a mention as a message tells of it."""
    mention = stored.mention
    text = " ".join(mention.said.split())
    leaving = any(each.churn and each.churn.p >= LIKELY for each in mention.labels)
    words = [_tone(stored), "leaving" if leaving else ""]
    return Line(
        id=mention.id,
        source=mention.source,
        author=mention.author.handle or mention.author.name or "",
        text=f"{text[: EXCERPT - 1]}…" if len(text) > EXCERPT else text,
        url=mention.url or "",
        link=f"{address}/threads/{quote(mention.thread_id, safe=':@-_~.')}",
        labels=", ".join(word for word in words if word),
        at=iso(mention.published_at),
    )


def summary(found: Sequence[StoredMention]) -> str:
    """Return figures about mentions in one line."""
    sources = Counter(one.mention.source for one in found)
    tones = Counter(_tone(one) for one in found)
    leaving = sum(any(each.churn and each.churn.p >= LIKELY for each in one.mention.labels) for one in found)
    parts = [f"{count} on {name}" for name, count in sources.most_common(3)]
    parts += [f"{tones['negative']} negative"] if tones["negative"] else []
    parts += [f"{leaving} leaving"] if leaving else []
    return ", ".join(parts)


def _alert(store: Store, rule: Rule, now: datetime) -> OutboxItem | None:
    """Return what a rule has to tell now; None for nothing."""
    last = next(iter(alerts_of(store, rule.key, limit=1)), None)
    if last and last.sent_at is None and not last.given_up:
        return None
    if not rule.may_tell(from_iso(str(last.payload["at"])) if last else None, now):
        return None
    told = {*_ids(last, "ids"), *_ids(last, "told")} if last else set()
    matching = matches(store, rule, rule.window, now=now)
    new = [one for one in matching if one.id not in told and one.at >= rule.since]
    if not new or min(one.at for one in new) > now - GROUP_WAIT:
        return None
    here = {one.id for one in matching}
    number = int(last.id.rpartition(":")[2]) + 1 if last else 1
    payload: Mapping[str, object] = {
        "at": iso(now),
        "ids": [one.id for one in new],
        "told": sorted(told & here),
    }
    return OutboxItem(id=f"alert:{rule.key}:{number}", channel=CHANNEL, payload=payload, due_at=now)


def _what(rule: Rule, count: int) -> str:
    promises = f"{count} promise{'s' if count > 1 else ''}"
    match rule.when:
        case When.SAID:
            return f"{count} new" if count != 1 else "1 new mention"
        case When.SOON:
            return f"{promises} about to be broken"
        case When.LATE:
            return f"{promises} broken"


def _tone(stored: StoredMention) -> str:
    found = next((labels.sentiment for labels in stored.mention.labels if labels.sentiment), None)
    return found.tone.value if found else ""


def _ids(item: OutboxItem, name: str) -> Sequence[str]:
    found = item.payload.get(name)
    return [str(one) for one in found] if isinstance(found, list) else []
