from __future__ import annotations

import contextlib
import itertools
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.labels import Churn, ChurnReason, Intent, Labels, Sentiment, Span, Tone

SHARE = st.integers(0, 10_000).map(lambda share: share / 10_000)
SPANS = st.lists(
    st.builds(
        lambda start, length, weight: Span(start=start, end=start + length, weight=weight / 10_000),
        st.integers(0, 1000),
        st.integers(1, 100),
        st.integers(-10_000, 10_000),
    ),
    max_size=3,
).map(tuple)


def _sentiment(cuts: tuple[int, int]) -> Sentiment:
    low, high = sorted(cuts)
    return Sentiment(negative=low / 10_000, neutral=(high - low) / 10_000, positive=(10_000 - high) / 10_000)


SENTIMENTS = st.tuples(st.integers(0, 10_000), st.integers(0, 10_000)).map(_sentiment)
CHURNS = st.builds(Churn, p=SHARE, reasons=st.dictionaries(st.sampled_from(ChurnReason), SHARE))
LABELS = st.one_of(
    st.builds(
        Labels,
        brand=st.text(max_size=10),
        model=st.text(min_size=1, max_size=10),
        sentiment=SENTIMENTS,
        churn=st.none() | CHURNS,
        intents=st.dictionaries(st.sampled_from(Intent), SHARE),
        language=st.sampled_from(["en", "und", "pt-BR"]),
        churn_spans=SPANS,
        sentiment_spans=SPANS,
    ),
    st.builds(Labels, brand=st.text(max_size=10), model=st.just("rule.v1"), not_labelled=st.just("language")),
)


def test_neutral_text_is_not_negative() -> None:
    assert Sentiment(negative=0.1, neutral=0.8, positive=0.1).tone is Tone.NEUTRAL


def test_a_draw_with_neutral_is_neutral() -> None:
    assert Sentiment(negative=0.5, neutral=0.5, positive=0.0).tone is Tone.NEUTRAL
    assert Sentiment(negative=0.0, neutral=0.5, positive=0.5).tone is Tone.NEUTRAL


@pytest.mark.parametrize("tone", list(Tone))
def test_the_likeliest_tone_is_the_tone(tone: Tone) -> None:
    shares = dict.fromkeys(("negative", "neutral", "positive"), 0.1) | {tone.value: 0.8}
    assert Sentiment(**shares).tone is tone


@pytest.mark.parametrize("bad", [-0.01, 1.01, math.nan, math.inf, -math.inf])
def test_what_is_no_probability_does_not_construct(bad: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Sentiment(negative=bad, neutral=0.5, positive=0.5)
    with pytest.raises(ValueError, match="between 0 and 1"):
        Churn(p=bad)
    with pytest.raises(ValueError, match="switching"):
        Churn(p=0.5, reasons={ChurnReason.SWITCHING: bad})
    with pytest.raises(ValueError, match="bug"):
        Labels(brand="Acme", model="m.v1", intents={Intent.BUG: bad})


def test_three_tones_that_do_not_sum_to_one_do_not_construct() -> None:
    with pytest.raises(ValueError, match="sum to 1"):
        Sentiment(negative=0.5, neutral=0.5, positive=0.5)
    with pytest.raises(ValueError, match="sum to 1"):
        Sentiment(negative=0.0, neutral=0.0, positive=0.0)


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (3, 3), (4, 3)])
def test_a_span_without_a_character_does_not_construct(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="at least one character"):
        Span(start=start, end=end, weight=0.1)
    with pytest.raises(ValueError, match="number"):
        Span(start=0, end=1, weight=math.nan)


def test_labels_are_an_answer_or_a_reason_why_there_is_none_and_never_both() -> None:
    tone = Sentiment(negative=0.1, neutral=0.8, positive=0.1)
    with pytest.raises(ValueError, match="either"):
        Labels(brand="Acme", model="m.v1")
    with pytest.raises(ValueError, match="either"):
        Labels(brand="Acme", model="m.v1", sentiment=tone, not_labelled="language")
    with pytest.raises(ValueError, match="model"):
        Labels(brand="Acme", model="", sentiment=tone)


def test_a_head_that_was_not_trained_is_absent_and_never_zero() -> None:
    data = Labels(brand="Acme", model="m.v1", churn=Churn(p=0.2)).to_json()
    assert set(data) == {"brand", "language", "model", "churn"}


def test_the_likeliest_reason_is_told_where_the_model_tells_any() -> None:
    reasons = {ChurnReason.SWITCHING: 0.2, ChurnReason.PRICE_OR_RENEWAL: 0.7}
    assert Churn(p=0.9, reasons=reasons).reason is ChurnReason.PRICE_OR_RENEWAL
    assert Churn(p=0.9).reason is None


@given(LABELS)
def test_labels_are_read_back_from_json_as_they_were_written(labels: Labels) -> None:
    assert Labels.from_json(json.loads(json.dumps(labels.to_json()))) == labels


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = (
    "brand",
    "model",
    "sentiment",
    "churn",
    "intents",
    "language",
    "not_labelled",
    "churn_spans",
    "sentiment_spans",
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, JSON)))
def test_json_that_is_no_labels_is_refused_in_words_and_nothing_else_escapes(data: dict[str, object]) -> None:
    with contextlib.suppress(InputError):
        assert Labels.from_json(data).model


@pytest.mark.parametrize(
    "broken",
    [
        {"model": "m"},
        {"sentiment": {"negative": 1, "neutral": 0, "positive": 0}},
        {"model": "m", "sentiment": {"negative": 1}},
        {"model": "m", "sentiment": "negative"},
        {"model": "m", "churn": {"p": "much"}},
        {"model": "m", "churn": {"p": 0.5, "reasons": {"boredom": 1}}},
        {"model": "m", "churn": {"reasons": {}}},
        {"model": "m", "intents": {"poetry": 0.5}},
        {"model": "m", "intents": {"bug": 0.5}, "churn_spans": [[1, 2]]},
        {"model": "m", "intents": {"bug": 0.5}, "churn_spans": [[1, math.inf, 2]]},
        {"model": "m", "intents": {"bug": 0.5}, "churn_spans": {"start": 1}},
    ],
)
def test_each_broken_field_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises(InputError):
        Labels.from_json(broken)


def test_the_names_of_reasons_and_intents_are_those_of_the_contract() -> None:
    names = [*ChurnReason, *Intent]
    assert names == [
        *("cancel_stated", "switching", "evaluating_alternatives", "price_or_renewal", "conditional_threat"),
        *("already_left", "question", "bug", "feature_request", "complaint", "praise", "recommendation"),
        "purchase_interest",
    ]
    assert all(one != other for one, other in itertools.combinations(names, 2))
