"""Learn from people which mentions are about the product at all.

"Not about us" on a thread says that its words mean something else; any other decision says that they mean the
product. From five of each on, the labeller tells how likely every mention is about it (`Labels.relevance`),
and `core.priority` puts the unlikely ones down. Nothing is hidden by it: a person decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.clock import Clock
from core.errors import InputError
from core.labelling import Labeller, LabelRequest, Teachable
from core.ports import Store
from core.query import OneOf
from core.search import QueueSort, Search
from core.thread import StoredMention
from core.watch import Brand, Watch
from core.work import Answer

#: How often people's verdicts are looked through; fitting takes a second.
EVERY = timedelta(minutes=1)
#: Most threads of each status that are learnt from, the newest first.
MOST = 200
#: Threads on top of the queue whose labels are brought up to date with what was learnt.
UPDATED_THREADS = 100
#: A change smaller than this is not worth a write.
LEAST_CHANGE = 0.05
_DECIDED = ("ignored", "resolved", "waiting")


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What a person decided about a thread, and the words that it began with."""

    thread_id: str
    request: LabelRequest
    about_us: bool


class RelevanceTeacher:
    """Teach a labeller from people's verdicts; one for each process that labels."""

    def __init__(self) -> None:
        self._taught: dict[str, frozenset[tuple[str, bool]]] = {}
        self._looked: datetime | None = None

    def teach(self, store: Store, labeller: Labeller, *, clock: Clock) -> int:
        """Learn what people decided since, and say it of what is open; return how many labels changed."""
        now = clock.now()
        if not isinstance(labeller, Teachable) or (self._looked and now - self._looked < EVERY):
            return 0
        self._looked = now
        watches = {watch.id: watch for watch in store.watches()}
        learnt = [
            product
            for product, verdicts in verdicts_by_product(store, watches, now=now).items()
            if self._learn(labeller, product, verdicts)
        ]
        return update_open(store, labeller, learnt, watches, now=now) if learnt else 0

    def _learn(self, labeller: Teachable, product: str, verdicts: Sequence[Verdict]) -> bool:
        known = frozenset((verdict.thread_id, verdict.about_us) for verdict in verdicts)
        if known == self._taught.get(product):
            return False
        self._taught[product] = known
        try:
            labeller.teach_relevance(
                product, [verdict.request for verdict in verdicts], [verdict.about_us for verdict in verdicts]
            )
        except InputError:
            # Too few of one kind so far.
            return False
        return True


def verdicts_by_product(
    store: Store, watches: Mapping[str, Watch], *, now: datetime
) -> dict[str, list[Verdict]]:
    """Return what people decided about each product's threads, the newest first."""
    found: dict[str, list[Verdict]] = defaultdict(list)
    for status in _DECIDED:
        page = store.queue(Search(node=OneOf("is", (status,)), now=now), sort=QueueSort.NEW, limit=MOST)
        said = store.matched([row.id for row in page.rows])
        for row in page.rows:
            for stored in said.get(row.id, ())[:1]:
                for brand in _products(stored, watches):
                    request = LabelRequest(text=stored.mention.said, brand=brand)
                    about_us = not row.triage.not_about_us
                    found[brand.name].append(Verdict(thread_id=row.id, request=request, about_us=about_us))
    return found


def update_open(
    store: Store, labeller: Labeller, products: Sequence[str], watches: Mapping[str, Watch], *, now: datetime
) -> int:
    """Bring the labels of the threads on top of the queue up to what was learnt; return how many changed."""
    top = store.queue(Search(node=OneOf("is", ("open",)), now=now), limit=UPDATED_THREADS)
    asked = [
        (stored, labels, LabelRequest(text=stored.mention.said, brand=brand))
        for mentions in store.matched([row.id for row in top.rows]).values()
        for stored in mentions
        for brand in _products(stored, watches)
        for labels in stored.mention.labels
        if labels.brand == brand.name and brand.name in products and labels.not_labelled is None
    ]
    said = labeller.label([request for _, _, request in asked])
    changed = [
        Answer(
            mention_id=stored.mention.id,
            revision=stored.revision,
            labels=replace(labels, relevance=new.relevance),
        )
        for (stored, labels, _), new in zip(asked, said, strict=True)
        if new.relevance is not None
        and (labels.relevance is None or abs(labels.relevance - new.relevance) >= LEAST_CHANGE)
    ]
    return store.put_labels(changed, now=now) if changed else 0


def _products(stored: StoredMention, watches: Mapping[str, Watch]) -> list[Brand]:
    """Return the products that a mention was kept for."""
    products = [watches[name].product for name in stored.watches if name in watches]
    return list({product.name: product for product in products}.values())
