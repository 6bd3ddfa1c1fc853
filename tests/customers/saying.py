"""People who say things, labelled and ranked as Earful does it."""

from __future__ import annotations

import itertools
from datetime import timedelta

from core.labels import Intent, Labels
from core.mention import Author, Kind, Mention
from core.ports import Store
from core.settings import PriorityWeights
from core.work import Answer
from engage.ranking import rank
from tests.builders import NOW, a_mention, found, some_labels

DAY = timedelta(days=1)
#: Nothing is said twice in the same second.
_seconds = itertools.count(1)
PRAISE = some_labels(positive=0.95, negative=0.01, intents={Intent.PRAISE: 0.6})
DELIGHT = some_labels(positive=0.95, negative=0.01, intents={Intent.PRAISE: 0.9})
RECOMMENDS = some_labels(
    positive=0.9, negative=0.01, intents={Intent.PRAISE: 0.6, Intent.RECOMMENDATION: 0.9}
)
ANGRY = some_labels(positive=0.01, negative=0.95, intents={Intent.COMPLAINT: 0.9})
LEAVES = some_labels(positive=0.01, negative=0.95, churn=0.9)
ASKS = some_labels(intents={Intent.QUESTION: 0.9})


def say(
    store: Store,
    author: str | Author,
    labels: Labels | None,
    *,
    days: float = 0,
    text: str = "Acme and so on.",
    own: bool = False,
    reply_to: Mention | None = None,
    source: str = "hackernews",
    kind: Kind = Kind.COMMENT,
) -> Mention:
    """Put a labelled mention into the store, and rank what is out of date."""
    now = NOW + next(_seconds) * timedelta(seconds=1)
    mention = a_mention(
        text=text, author=author, published_at=NOW - days * DAY, source=source, kind=kind,
        thread_id=reply_to.thread_id if reply_to else None, parent_id=reply_to.id if reply_to else None,
    )  # fmt: skip
    store.put([found(mention, own=own)], now=now)
    if labels is not None:
        store.put_labels([Answer(mention_id=mention.id, revision=1, labels=labels)], now=now)
    while rank(store, PriorityWeights(), now=now):
        pass
    return mention
