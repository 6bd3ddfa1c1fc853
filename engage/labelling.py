"""Work through what is not labelled yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from core.clock import Clock
from core.labelling import Labeller, LabelRequest
from core.labels import Labels, Tone
from core.ports import Store
from core.priority import CHURN_FLOOR
from core.watch import Brand, Watch
from core.work import Answer, Unlabelled

#: Pairs claimed at once: some seconds of work, so that little is done twice after a kill.
BATCH = 64
#: Longest time a batch may take before another worker may have it.
LEASE = timedelta(minutes=2)
#: Words are explained where somebody will ask "why?": for threads that the queue puts on top.
EXPLAIN_NEGATIVE = 0.7


def label_batch(store: Store, labeller: Labeller, *, owner: str, clock: Clock, limit: int = BATCH) -> int:
    """Claim, label and answer one batch; return how many pairs it had."""
    claimed = store.lease_unlabelled(labeller.model, limit=limit, owner=owner, lease=LEASE, now=clock.now())
    if not claimed:
        return 0
    watches = {watch.id: watch for watch in store.watches()}
    requests = [request_for(item, watches.get(item.watch_id)) for item in claimed]
    answers = [
        Answer(mention_id=item.mention.id, revision=item.revision, labels=labels)
        for item, labels in zip(claimed, label_and_explain(labeller, requests), strict=True)
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


def label_and_explain(labeller: Labeller, requests: Sequence[LabelRequest]) -> list[Labels]:
    """Label all, and explain those that will stand on top of the queue."""
    answers = labeller.label(requests)
    urgent = [index for index, labels in enumerate(answers) if _asks_why(labels)]
    explained = labeller.label([requests[index] for index in urgent], explain=True) if urgent else []
    for index, labels in zip(urgent, explained, strict=True):
        answers[index] = labels
    return answers


def _asks_why(labels: Labels) -> bool:
    churn = labels.churn is not None and labels.churn.p >= CHURN_FLOOR
    return churn or (labels.sentiment is not None and labels.sentiment.p(Tone.NEGATIVE) >= EXPLAIN_NEGATIVE)
