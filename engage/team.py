"""Team figures: how soon people were answered, whether it helped, and the threads behind each figure."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.audit import AuditRecord
from core.errors import NotFound
from core.labels import Tone
from core.ports import Store
from core.thread import Thread
from engage.answering import follow_ups
from engage.behind import customer_of
from engage.desk import UNDO
from engage.promises import Policy, policy_of, stored_policy

ANSWERED, RESOLVED = "triage.answer", "triage.resolve"
#: Threads that one report looks at; the newest, where there are more.
MOST = 2_000
#: Audit records read at once.
PAGE = 500
ALL = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """What was done about one thread in a period."""

    thread_id: str
    title: str
    source: str
    #: Who answered first, and how long after the post; None where nobody did.
    answered_by: str = ""
    first_reply: timedelta | None = None
    #: Whether that was within what is promised; None where nothing is.
    kept: bool | None = None
    #: Who settled it last, and how long after the post; None where nobody did.
    resolved_by: str = ""
    resolution: timedelta | None = None
    #: People who were unhappy before our answer and spoke again, and those of them whom it helped.
    unhappy: int = 0
    recovered: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """Figures of some cases; None where there is nothing to tell."""

    name: str
    answered: int
    first_reply: timedelta | None
    promised: int
    kept: int
    resolved: int
    resolution: timedelta | None
    unhappy: int
    recovered: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """The figures of one period."""

    start: datetime
    end: datetime
    total: Figures
    people: Sequence[Figures]
    sources: Sequence[Figures]
    cases: Sequence[Case]
    #: False where more threads were touched than are looked at.
    whole: bool


def report(store: Store, *, start: datetime, end: datetime) -> Report:
    """Return the figures from `start` up to before `end`."""
    acts = _acts(store, start, end)
    products = {watch.id: watch.product.name for watch in store.watches()}
    policy = policy_of(stored_policy(store))
    cases = []
    for thread_id, records in list(acts.items())[:MOST]:
        try:
            thread = store.thread(thread_id)
        except NotFound:  # erased since
            continue
        customer = customer_of(store, thread) if policy and policy.tiers else None
        due = _due(thread, policy, customer.tier if customer else "")
        cases.append(_case(thread, records, due, {products.get(name, "") for name in thread.watches}))
    return Report(
        start=start,
        end=end,
        total=figures(ALL, cases, ALL),
        people=_by(cases, lambda case: {case.answered_by, case.resolved_by} - {ALL}, person=True),
        sources=_by(cases, lambda case: {case.source}, person=False),
        cases=cases,
        whole=len(acts) <= MOST,
    )


def figures(name: str, cases: Sequence[Case], person: str) -> Figures:
    """Return the figures of cases; with a person, of what that person did to them."""
    answered = [c for c in cases if c.first_reply is not None and person in (ALL, c.answered_by)]
    resolved = [c for c in cases if c.resolution is not None and person in (ALL, c.resolved_by)]
    return Figures(
        name=name,
        answered=len(answered),
        first_reply=_median([c.first_reply for c in answered if c.first_reply is not None]),
        promised=sum(c.kept is not None for c in answered),
        kept=sum(c.kept is True for c in answered),
        resolved=len(resolved),
        resolution=_median([c.resolution for c in resolved if c.resolution is not None]),
        unhappy=sum(c.unhappy for c in answered),
        recovered=sum(c.recovered for c in answered),
    )


#: What each figure counts of a case: threads once, people as many as there are.
COUNTS: Mapping[str, Callable[[Case], int]] = {
    "answered": lambda case: case.first_reply is not None,
    "promised": lambda case: case.kept is not None,
    "late": lambda case: case.kept is False,
    "resolved": lambda case: case.resolution is not None,
    "unhappy": lambda case: case.unhappy if case.first_reply is not None else 0,
    "recovered": lambda case: case.recovered if case.first_reply is not None else 0,
}


def behind(found: Report, what: str, *, person: str = ALL, source: str = ALL) -> Sequence[tuple[Case, int]]:
    """Return the cases behind a figure with what it counts of each, the slowest first."""
    cases = [
        (case, count)
        for case in found.cases
        if (count := int(COUNTS[what](case)))
        and source in (ALL, case.source)
        and person in (ALL, case.resolved_by if what == "resolved" else case.answered_by)
    ]
    return sorted(cases, key=lambda one: -_span(one[0], what).total_seconds())


def _span(case: Case, what: str) -> timedelta:
    return (case.resolution if what == "resolved" else case.first_reply) or timedelta(0)


def _by(cases: Sequence[Case], names: Callable[[Case], set[str]], *, person: bool) -> Sequence[Figures]:
    groups: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        for name in names(case):
            groups[name].append(case)
    found = [figures(name, group, name if person else ALL) for name, group in groups.items()]
    return sorted(found, key=lambda one: (-one.answered - one.resolved, one.name))


def _acts(store: Store, start: datetime, end: datetime) -> dict[str, list[AuditRecord]]:
    """Return answers and settlements of a period by thread, those that were undone left out."""
    undone: set[str] = set()
    acts: dict[str, list[AuditRecord]] = defaultdict(list)
    for record in _since(store, start):
        if record.action.startswith(UNDO):
            undone.add(record.action.removeprefix(UNDO))
        elif record.action in (ANSWERED, RESOLVED) and record.at < end and str(record.id) not in undone:
            acts[record.target.removeprefix("thread:")].append(record)
    return acts


def _since(store: Store, start: datetime) -> Iterator[AuditRecord]:
    """Yield audit records, newest first, back to a moment."""
    before = None
    while True:
        page = store.audit(limit=PAGE, before=before)
        for record in page:
            if record.at < start:
                return
            yield record
        if len(page) < PAGE:
            return
        before = page[-1].id


def _began(thread: Thread) -> datetime | None:
    return min((one.mention.published_at for one in thread.matched), default=None)


def _due(thread: Thread, policy: Policy | None, tier: str) -> datetime | None:
    began = _began(thread)
    return policy.due(began, thread.priority.points, tier) if policy and began else None


def _case(thread: Thread, records: Sequence[AuditRecord], due: datetime | None, products: set[str]) -> Case:
    """Work out what was done about one thread; its clock begins with their first post."""
    began = _began(thread)
    answers = [record for record in records if record.action == ANSWERED]
    settled = [record for record in records if record.action == RESOLVED]
    first = min(answers, key=lambda record: record.at, default=None)
    last = max(settled, key=lambda record: record.at, default=None)
    after = [one for one in follow_ups(thread, products) if one.before is Tone.NEGATIVE]
    return Case(
        thread_id=thread.id,
        title=thread.title or thread.id,
        source=thread.source,
        answered_by=first.actor if first else "",
        first_reply=max(first.at - began, timedelta(0)) if first and began else None,
        kept=first.at <= due if first and due else None,
        resolved_by=last.actor if last else "",
        resolution=max(last.at - began, timedelta(0)) if last and began else None,
        unhappy=len(after),
        recovered=sum(one.helped is True for one in after),
    )


def _median(spans: Sequence[timedelta]) -> timedelta | None:
    if not spans:
        return None
    return timedelta(seconds=statistics.median(span.total_seconds() for span in spans))
