"""The story's authors say where everybody stands and who left why; the rules and the fit find it again."""

from __future__ import annotations

import pytest

from core.customers import Outcome
from core.kept import Sought
from core.ports import Store
from crawlers.replay.corpus import load_corpus
from engage.customers import ACCOUNT, account_of, find_person, walk
from engage.insight.behaviours import Behaviour
from engage.insight.predicting import predict
from engage.insight.prediction import latest
from tests.insight.story import STORY_NOW

#: Filling the store takes ten seconds of a processor, which a busy machine gives in minutes.
pytestmark = pytest.mark.timeout(1200)
#: Of whom the authors say nothing.
QUIET = ("", "quiet")


def test_the_story_is_as_large_as_promised() -> None:
    corpus = load_corpus(past=True)
    assert len(corpus.posts) >= 3000
    assert len(corpus.threads) >= 600
    assert len({post.author for post in corpus.posts}) >= 400
    assert len({person.account for person in corpus.people} - {""}) >= 60
    span = corpus.posts[-1].at - corpus.posts[0].at
    assert 729 <= span.days <= 740
    texts = [post.text for post in corpus.posts if post.brands and not post.own]
    assert len(set(texts)) >= 0.95 * len(texts)


def test_with_planted_labels_at_least_95_percent_stand_where_their_authors_put_them(told: Store) -> None:
    planted = [one for one in load_corpus(past=True).people if one.stage not in QUIET]
    wrong = []
    for one in planted:
        found = find_person(told, f"{one.source}:{one.handle}").person.standing.stage.value
        if found != one.stage:
            wrong.append(f"{one.handle}: {found}, not {one.stage}")
    assert len(wrong) <= 0.05 * len(planted), wrong


def test_the_planted_reasons_for_leaving_are_found(told: Store) -> None:
    made = predict(told, now=STORY_NOW)
    lost = [
        item
        for item in walk(told, Sought(kind=ACCOUNT))
        if account_of(item).account.contract.outcome is Outcome.LOST
    ]
    assert made.lost == len(lost) >= 20
    assert made.lacking == ""
    certain = {effect.behaviour: effect for effect in made.effects if effect.certain}
    assert certain[Behaviour.WAIT].low > 1
    assert made.concordance is not None
    assert made.concordance_low is not None
    assert made.concordance_low > 0.5
    assert {risk.account for risk in made.risks}.isdisjoint({item.key for item in lost})
    assert latest(told) == made
