"""Work through what is not labelled yet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

from core.clock import Clock
from core.labelling import Labeller, LabelRequest
from core.labels import Labels, Tone
from core.ports import Store
from core.priority import CHURN_FLOOR
from core.query import OneOf
from core.search import Search
from core.watch import Brand, Watch
from core.work import Answer, Unlabelled

#: Pairs claimed at once: some seconds of work, so that little is done twice after a kill.
BATCH = 64
#: Longest time a batch may take before another worker may have it: a killed worker's is done within a minute.
LEASE = timedelta(seconds=40)
#: Words are explained where somebody will ask "why?": for the threads on top of the queue.
EXPLAINED_THREADS = 50
EXPLAIN_NEGATIVE = 0.7
#: Explained at once: about a second of work, after which new mentions are labelled first.
EXPLAIN_BATCH = 8


def label_batch(store: Store, labeller: Labeller, *, owner: str, clock: Clock, limit: int = BATCH) -> int:
    """Claim, label and answer one batch; return how many pairs it had."""
    claimed = store.lease_unlabelled(labeller.model, limit=limit, owner=owner, lease=LEASE, now=clock.now())
    if not claimed:
        return 0
    watches = {watch.id: watch for watch in store.watches()}
    requests = [request_for(item, watches.get(item.watch_id)) for item in claimed]
    answers = [
        Answer(mention_id=item.mention.id, revision=item.revision, labels=labels)
        for item, labels in zip(claimed, labeller.label(requests), strict=True)
    ]
    store.put_labels(answers, now=clock.now())
    return len(claimed)


def request_for(item: Unlabelled, watch: Watch | None) -> LabelRequest:
    """Build the labeller's request: the target brand, and the other brands that the text names."""
    text = item.mention.said
    named = watch.brands_in(text) if watch else ()
    known = watch.brands if watch else ()
    target = next((brand for brand in known if brand.name == item.brand), Brand(name=item.brand))
    return LabelRequest(text=text, brand=target, others=tuple(brand for brand in named if brand != target))


class Explainer:
    """Find the words behind the labels on top of the queue, some at a time, when nothing is left to label.

    To explain takes fifty times as long as to label. It is worth it only where a person will look.
    """

    def __init__(self) -> None:
        #: What was explained by this process already; some texts have no word that stands out.
        self._done: set[tuple[str, int, str]] = set()

    def explain_batch(self, store: Store, labeller: Labeller, *, clock: Clock) -> int:
        """Explain a few labels of the most urgent threads; return how many."""
        watches = {watch.id: watch for watch in store.watches()}
        chosen = list(islice(self._wanted(store, clock), EXPLAIN_BATCH))
        requests = [request_for(item, watches.get(item.watch_id)) for item in chosen]
        answers = [
            Answer(mention_id=item.mention.id, revision=item.revision, labels=labels)
            for item, labels in zip(chosen, labeller.label(requests, explain=True), strict=True)
        ]
        if answers:
            store.put_labels(answers, now=clock.now())
        self._done.update((item.mention.id, item.revision, item.brand) for item in chosen)
        return len(answers)

    def _wanted(self, store: Store, clock: Clock) -> Iterator[Unlabelled]:
        top = store.queue(Search(node=OneOf("is", ("open",)), now=clock.now()), limit=EXPLAINED_THREADS)
        for row in top.rows:
            for stored in store.thread(row.id).matched:
                for labels in stored.mention.labels:
                    key = (stored.mention.id, stored.revision, labels.brand)
                    if key not in self._done and labels.brand and stored.watches and _asks_why(labels):
                        yield Unlabelled(
                            mention=stored.mention,
                            revision=stored.revision,
                            brand=labels.brand,
                            watch_id=stored.watches[0],
                        )


def _asks_why(labels: Labels) -> bool:
    if labels.churn_spans or labels.sentiment_spans:
        return False
    churn = labels.churn is not None and labels.churn.p >= CHURN_FLOOR
    return churn or (labels.sentiment is not None and labels.sentiment.p(Tone.NEGATIVE) >= EXPLAIN_NEGATIVE)
