"""People say "not about us"; what reads alike goes down the queue, and says why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from core.clock import SetClock
from core.errors import InputError
from core.labelling import LabelRequest
from core.labels import Labels
from core.ports import Store
from core.settings import PriorityWeights
from engage import desk
from engage.labelling import label_batch
from engage.ranking import rank
from engage.relevance import RelevanceTeacher
from tests.builders import NOW, a_mention, a_watch, found
from tests.engage.rules import WordLabeller

ENOUGH = 3


class Pupil(WordLabeller):
    """Takes a text for irrelevant that shares its first word with more noes than yeses."""

    def __init__(self) -> None:
        super().__init__()
        self.lessons = 0
        self._noes: dict[str, set[str]] = {}

    def teach_relevance(self, brand: str, requests: Sequence[LabelRequest], about: Sequence[bool]) -> None:
        if sum(about) < ENOUGH or len(about) - sum(about) < ENOUGH:
            raise InputError("too few")
        self.lessons += 1
        self._noes[brand] = {
            request.text.split()[0] for request, yes in zip(requests, about, strict=True) if not yes
        }

    def label(self, requests: Sequence[LabelRequest], *, explain: bool = False) -> list[Labels]:
        return [
            replace(labels, relevance=0.05 if request.text.split()[0] in noes else 0.9)
            if (noes := self._noes.get(labels.brand))
            else labels
            for request, labels in zip(requests, super().label(requests, explain=explain), strict=True)
        ]


def test_what_reads_like_not_about_us_goes_down_and_says_so(store: Store, clock: SetClock) -> None:
    store.save_watch(a_watch(product="Acme"), actor="test", now=NOW)
    fruit = [
        a_mention(text=f"pie number {n} by Acme, I hate it", native_id=f"f{n}") for n in range(ENOUGH + 1)
    ]
    ours = [
        a_mention(text=f"login number {n} of Acme, I hate it", native_id=f"u{n}") for n in range(ENOUGH + 1)
    ]
    store.put([found(mention) for mention in (*fruit, *ours)], now=NOW)
    pupil, teacher = Pupil(), RelevanceTeacher()
    assert teacher.teach(store, pupil, clock=clock) == 0
    while label_batch(store, pupil, owner="w1", clock=clock):
        pass
    for mention in fruit[:ENOUGH]:
        desk.not_about_us(store, mention.thread_id, 0, actor="ada", now=NOW)
    for mention in ours[:ENOUGH]:
        desk.resolve(store, mention.thread_id, 0, actor="ada", now=NOW)
    clock.advance(timedelta(minutes=2))
    assert teacher.teach(store, pupil, clock=clock) == 2
    rank(store, PriorityWeights(), now=clock.now())
    foreign, about = store.thread(fruit[-1].thread_id), store.thread(ours[-1].thread_id)
    assert foreign.priority.points < about.priority.points / 5
    assert any("not about us" in reason.why and "5%" in reason.why for reason in foreign.priority.reasons)
    assert not any("not about us" in reason.why for reason in about.priority.reasons)
    (labels,) = store.mention(fruit[-1].id).mention.labels
    assert labels.relevance == 0.05


def test_the_same_verdicts_are_learnt_once_and_too_few_are_no_error(store: Store, clock: SetClock) -> None:
    store.save_watch(a_watch(product="Acme"), actor="test", now=NOW)
    mentions = [a_mention(text=f"pie {n} by Acme", native_id=f"f{n}") for n in range(2 * ENOUGH)]
    store.put([found(mention) for mention in mentions], now=NOW)
    pupil, teacher = Pupil(), RelevanceTeacher()
    for mention in mentions[:ENOUGH]:
        desk.not_about_us(store, mention.thread_id, 0, actor="ada", now=NOW)
    teacher.teach(store, pupil, clock=clock)
    assert pupil.lessons == 0
    for mention in mentions[ENOUGH:]:
        desk.resolve(store, mention.thread_id, 0, actor="ada", now=NOW)
    for _ in range(3):
        clock.advance(timedelta(minutes=2))
        teacher.teach(store, pupil, clock=clock)
    assert pupil.lessons == 1
