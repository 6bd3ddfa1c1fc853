"""Topics kept in the store: what the newest mentions of each product are about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.bodies import body_of, value_of
from core.kept import Kept, Sought
from core.ports import Store
from core.query_parser import parse
from core.search import Search, Sort
from core.thread import StoredMention
from core.watch import Watch
from engage.customers import EARFUL, walk

TOPIC = "topic"
#: When they were last worked out.
MARK_KIND, MARK_KEY = "setting", "topics"
#: The newest mentions looked at, and how far back.
MOST = 1500
SPAN = timedelta(days=180)
PAGE = 200
#: From here on an intent is part of how something is said.
LIKELY = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Topic:
    """One thing that people talk about."""

    key: str
    watch: str
    name: str
    middle: tuple[float, ...]
    #: Ids of its mentions, the most typical first.
    mentions: tuple[str, ...]


def find_topics(store: Store, *, folder: str = "", threads: int = 1, now: datetime) -> list[Topic]:
    """Group the newest mentions of each watch anew, keep the topics, and return them."""
    from nlp.topics import embed, groups  # noqa: PLC0415 - numpy and the model, which the pages do not need

    found: list[Topic] = []
    for watch in store.watches():
        before = {one.key: one.middle for one in topics(store, watch.id)}
        mentions = _newest(store, watch, now)
        texts = [one.mention.said for one in mentions]
        brands = [name for brand in watch.brands for name in (brand.name, *brand.aliases)]
        vectors = embed(texts, folder=folder, threads=threads) if texts else None
        if vectors is None:
            continue
        kinds = [_kind(one, watch.product.name) for one in mentions]
        for group in groups(vectors, texts, kinds=kinds, before=before, common=brands):
            ids = tuple(mentions[at].mention.id for at in group.members)
            found.append(Topic(key=group.key, watch=watch.id, name=group.name or ids[0], middle=group.middle,
                               mentions=ids))  # fmt: skip
    _save(store, found, now)
    return found


def topics(store: Store, watch: str) -> list[Topic]:
    """Return the topics of a watch, the largest first."""
    kept = [value_of(Topic, item.body) for item in walk(store, Sought(kind=TOPIC, states=(watch,)))]
    return sorted(kept, key=lambda one: (-len(one.mentions), one.key))


def _newest(store: Store, watch: Watch, now: datetime) -> list[StoredMention]:
    node = parse(f"watch:{watch.id} lang:en after:{now - SPAN:%Y-%m-%d}").node
    found: list[StoredMention] = []
    after: str | None = None
    while len(found) < MOST:
        page = store.search(Search(node=node, now=now), sort=Sort.NEW, limit=PAGE, after=after)
        found += [hit.stored for hit in page.hits if not hit.stored.own and not hit.stored.mention.deleted]
        after = page.next
        if after is None:
            break
    return found[:MOST]


def _kind(stored: StoredMention, product: str) -> str:
    """Return how something is said toward the product: its tone and likely intents; empty where untold."""
    labels = next((one for one in stored.mention.labels if one.brand == product), None)
    if labels is None or labels.sentiment is None:
        return ""
    intents = sorted(intent.value for intent, p in labels.intents.items() if p >= LIKELY)
    return " ".join((labels.sentiment.tone.value, *intents))


def _save(store: Store, found: list[Topic], now: datetime) -> None:
    last = store.kept_one(MARK_KIND, MARK_KEY)
    version = last.version if last else 0
    store.keep_all([Kept(kind=MARK_KIND, key=MARK_KEY, body={}, by=EARFUL, at=now, version=version)])
    before = {item.key: item for item in walk(store, Sought(kind=TOPIC))}
    keys = {one.key for one in found}
    store.drop_all([item for key, item in before.items() if key not in keys])
    store.keep_all(
        [
            Kept(kind=TOPIC, key=one.key, body=body_of(one), by=EARFUL, at=now, state=one.watch,
                 version=before[one.key].version if one.key in before else 0)
            for one in found
        ]
    )  # fmt: skip
