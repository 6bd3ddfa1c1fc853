"""How much a thread needs us: each reason alone, then who goes before whom."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ConfigError, InputError
from core.labels import Churn, ChurnReason, Intent, Labels, Sentiment, Span
from core.mention import Author, Engagement
from core.priority import SMALLEST, prioritise, product_labels, unanswered
from core.settings import PriorityWeights
from core.thread import Correction, Priority, Status, StoredMention, Thread
from tests.builders import NOW, some_labels
from tests.core.threads import DAY, HOUR, a_thread, because, said

WEIGHTS = PriorityWeights()
#: Calm and just said: a mention that adds nothing by itself.
CALM = some_labels(negative=0.1, positive=0.1, churn=0.0)


def rank(thread: Thread, weights: PriorityWeights = WEIGHTS) -> Priority:
    return prioritise(thread, product="Acme", now=NOW, weights=weights)


def points(thread: Thread) -> float:
    return rank(thread).points


def corrected(stored: StoredMention, **words: object) -> Correction:
    return Correction(mention_id=stored.mention.id, brand="Acme", by="bob", at=NOW, **words)  # type: ignore[arg-type]


# Each reason alone


def test_a_calm_mention_of_just_now_has_no_reasons() -> None:
    assert rank(a_thread(said(CALM))) == Priority()


def test_churn_adds_its_weight_times_its_probability() -> None:
    priority = rank(a_thread(said(some_labels(churn=0.8, reason=ChurnReason.SWITCHING))))
    assert [reason.why for reason in priority.reasons] == ["may be leaving (switching): 80%"]
    assert priority.points == pytest.approx(WEIGHTS.churn * 0.8)


def test_churn_below_the_floor_adds_nothing() -> None:
    assert points(a_thread(said(some_labels(churn=0.34)))) == 0
    assert points(a_thread(said(some_labels(churn=0.35)))) == pytest.approx(WEIGHTS.churn * 0.35)


def test_a_model_without_a_churn_head_adds_nothing() -> None:
    assert points(a_thread(said(some_labels(churn=None)))) == 0


def test_of_several_mentions_the_likeliest_to_leave_counts_once() -> None:
    thread = a_thread(
        said(some_labels(churn=0.5), author="ada"),
        said(some_labels(churn=0.9), author="eve"),
        said(some_labels(churn=0.7), author="joe"),
    )
    (reason,) = because(rank(thread), "leaving")
    assert reason.points == pytest.approx(WEIGHTS.churn * 0.9)
    assert reason.why == "may be leaving: 90%"


def test_unhappiness_adds_negative_less_positive() -> None:
    priority = rank(a_thread(said(some_labels(negative=0.8, positive=0.1, churn=0.0))))
    assert [reason.why for reason in priority.reasons] == ["unhappy with Acme: 70%"]
    assert priority.points == pytest.approx(WEIGHTS.negative * 0.7)


@pytest.mark.parametrize(("hours", "share"), [(0, 0), (12, 0.5), (24, 0.75), (36, 0.875)])
def test_waiting_adds_half_of_what_is_left_every_twelve_hours(hours: int, share: float) -> None:
    (reason,) = because(rank(a_thread(said(CALM, ago=hours * HOUR))), "unanswered") or [None]
    fresh = 2 ** (-hours / 24 / 30)
    assert (reason.points if reason else 0) == pytest.approx(WEIGHTS.unanswered * share * fresh)


def test_waiting_counts_from_the_oldest_mention_that_is_not_answered() -> None:
    thread = a_thread(
        said(CALM, ago=30 * HOUR),
        said(own=True, ago=20 * HOUR),
        said(CALM, ago=6 * HOUR),
        said(CALM, ago=HOUR),
    )
    assert because(rank(thread), "unanswered for 6 hours")


def test_an_answered_thread_has_no_waiting_points() -> None:
    assert not because(rank(a_thread(said(CALM, ago=5 * DAY), said(own=True, ago=DAY))), "unanswered")


def test_an_answer_of_ours_that_was_deleted_is_no_answer() -> None:
    assert because(
        rank(a_thread(said(CALM, ago=2 * DAY), said(own=True, ago=DAY, deleted=True))),
        "unanswered for 2 days",
    )


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.IGNORED, Status.WAITING])
def test_nobody_waits_for_us_where_it_is_not_our_turn(status: Status) -> None:
    assert not because(rank(a_thread(said(CALM, ago=DAY), status=status)), "unanswered")


@pytest.mark.parametrize(
    ("intent", "weight", "why"),
    [(Intent.QUESTION, WEIGHTS.question, "asks a question"), (Intent.BUG, WEIGHTS.bug, "reports a bug")],
)
def test_a_question_or_a_bug_adds_its_weight_until_it_is_answered(
    intent: Intent, weight: float, why: str
) -> None:
    asked = some_labels(churn=0.0, intents={intent: 0.9})
    (reason,) = because(rank(a_thread(said(asked))), why)
    assert reason.points == pytest.approx(weight * 0.9)
    assert not because(rank(a_thread(said(asked, ago=2 * HOUR), said(own=True, ago=HOUR))), why)


def test_reach_grows_with_the_logarithm_and_is_full_at_a_hundred_thousand() -> None:
    some = rank(a_thread(said(CALM, author=Author(handle="ada", followers=99))))
    assert some.points == pytest.approx(WEIGHTS.reach * 2 / math.log10(100_001))
    assert because(some, "some reach")
    many = rank(a_thread(said(CALM, author=Author(handle="ada", followers=10_000_000))))
    assert many.points == pytest.approx(WEIGHTS.reach)
    assert because(many, "seen by many")


def test_reactions_count_as_reach_and_votes_against_do_not_break_it() -> None:
    assert points(a_thread(said(CALM, engagement=Engagement(score=100)))) == pytest.approx(
        WEIGHTS.reach * math.log10(1001) / math.log10(100_001)
    )
    assert points(a_thread(said(CALM, engagement=Engagement(score=-500)))) == 0


def test_heat_counts_the_posts_of_the_last_day_and_is_full_at_twenty() -> None:
    replies = [said(context=True, ago=HOUR) for _ in range(9)]
    (reason,) = because(rank(a_thread(said(CALM), *replies, said(context=True, ago=2 * DAY))), "last day")
    assert reason.why == "10 posts in the last day"
    assert reason.points == pytest.approx(WEIGHTS.heat * 10 / 20)
    crowd = [said(context=True, ago=HOUR) for _ in range(50)]
    assert because(rank(a_thread(said(CALM), *crowd)), "last day")[0].points == pytest.approx(WEIGHTS.heat)


def test_who_writes_again_adds_and_four_times_is_full() -> None:
    twice = a_thread(said(CALM), said(CALM), said(CALM, author="eve"))
    (reason,) = because(rank(twice), "wrote")
    assert (reason.why, reason.points) == ("ada wrote 2 times", pytest.approx(WEIGHTS.repeat / 2))
    often = a_thread(*(said(CALM) for _ in range(6)))
    assert because(rank(often), "wrote 6 times")[0].points == pytest.approx(WEIGHTS.repeat)
    assert not because(rank(a_thread(said(CALM, author=None), said(CALM, author=None))), "wrote")


def test_a_rival_beside_churn_adds_and_is_named() -> None:
    toward_rival = some_labels(brand="Globex", positive=0.9, negative=0.0, churn=0.0)
    (reason,) = because(rank(a_thread(said(some_labels(churn=0.8), toward_rival))), "names")
    assert (reason.why, reason.points) == ("names Globex", pytest.approx(WEIGHTS.rival * 0.8))
    assert not because(rank(a_thread(said(CALM, toward_rival))), "names")


def test_a_rival_beside_purchase_interest_adds_until_it_is_answered() -> None:
    buying = some_labels(churn=0.0, intents={Intent.PURCHASE_INTEREST: 0.9})
    rival = some_labels(brand="Globex")
    (reason,) = because(rank(a_thread(said(buying, rival))), "names")
    assert reason.points == pytest.approx(WEIGHTS.rival * 0.9)
    assert not because(rank(a_thread(said(buying, rival, ago=2 * HOUR), said(own=True, ago=HOUR))), "names")


def test_praise_that_asks_nothing_takes_points_off() -> None:
    praise = some_labels(negative=0.0, positive=0.9, churn=0.0)
    (reason,) = because(rank(a_thread(said(praise))), "praise")
    assert reason.points == -WEIGHTS.praise
    asking = some_labels(negative=0.0, positive=0.9, churn=0.0, intents={Intent.QUESTION: 0.75})
    assert because(rank(a_thread(said(asking))), "praise")[0].points == pytest.approx(-WEIGHTS.praise * 0.25)
    assert not because(rank(a_thread(said(praise), said(CALM))), "praise")


def test_labels_toward_a_rival_say_nothing_about_us() -> None:
    about_rival = some_labels(brand="Globex", negative=0.9, positive=0.0, churn=0.9)
    assert points(a_thread(said(CALM, about_rival))) == 0


def test_context_and_our_own_words_are_no_reason() -> None:
    angry = some_labels(negative=0.9, positive=0.0, churn=0.9)
    assert points(a_thread(said(CALM), said(angry, context=True, ago=2 * DAY))) == 0
    assert points(a_thread(said(angry, context=True), said(angry, own=True))) == 0


def test_a_text_without_a_label_still_waits() -> None:
    unlabelled = Labels(brand="Acme", model="test.v1", not_labelled="language")
    assert because(rank(a_thread(said(unlabelled, ago=12 * HOUR))), "unanswered for 12 hours")
    assert because(rank(a_thread(said(ago=12 * HOUR))), "unanswered for 12 hours")


# A person's word


def test_a_thread_that_is_not_about_us_has_no_points() -> None:
    angry = some_labels(negative=0.9, positive=0.0, churn=0.9)
    assert rank(a_thread(said(angry, ago=DAY), not_about_us=True)) == Priority()


def test_a_deleted_mention_has_no_points_whoever_saw_it() -> None:
    angry = some_labels(negative=0.9, positive=0.0, churn=0.9)
    gone = said(angry, ago=DAY, deleted=True, author=Author(handle="ada", followers=100_000))
    assert rank(a_thread(gone)) == Priority()


def test_a_correction_goes_before_the_model_in_both_directions() -> None:
    leaving = said(some_labels(negative=0.9, positive=0.0, churn=0.9))
    assert points(a_thread(leaving, corrections=(corrected(leaving, tone="neutral", churn=False),))) == 0
    calm = said(CALM)
    priority = rank(a_thread(calm, corrections=(corrected(calm, tone="negative", churn=True),)))
    assert {reason.why: reason.points for reason in priority.reasons} == {
        "leaving, says bob": WEIGHTS.churn,
        "unhappy with Acme, says bob": WEIGHTS.negative,
    }


def test_the_newest_correction_counts_and_an_empty_one_gives_the_word_back_to_the_model() -> None:
    stored = said(some_labels(churn=0.9))
    older = Correction(mention_id=stored.mention.id, brand="Acme", by="bob", at=NOW - HOUR, churn=False)
    newer = Correction(mention_id=stored.mention.id, brand="Acme", by="eve", at=NOW)
    for corrections in ((older, newer), (newer, older)):
        (reason,) = rank(a_thread(stored, corrections=corrections)).reasons
        assert reason.why == "may be leaving: 90%"


def test_a_correction_toward_another_brand_or_mention_changes_nothing() -> None:
    stored, other = said(some_labels(churn=0.9)), said(CALM, author="eve")
    toward_rival = Correction(mention_id=stored.mention.id, brand="Globex", by="bob", at=NOW, churn=False)
    corrections = (toward_rival, corrected(other, churn=False))
    assert because(rank(a_thread(stored, other, corrections=corrections)), "leaving")


def test_a_correction_that_says_negative_takes_the_praise_away() -> None:
    stored = said(some_labels(negative=0.0, positive=0.9, churn=0.0))
    assert not because(rank(a_thread(stored, corrections=(corrected(stored, tone="negative"),))), "praise")


def test_a_correction_to_a_tone_that_there_is_none_of_does_not_construct() -> None:
    with pytest.raises(InputError, match="negative, neutral, positive"):
        Correction(mention_id="x", brand="Acme", by="bob", at=NOW, tone="angry")


# Time and answers


def test_reasons_halve_with_every_thirty_days_and_say_how_old_they_are() -> None:
    leaving = some_labels(churn=0.8)
    now, month, two = (
        because(rank(a_thread(said(leaving, ago=days * DAY))), "leaving")[0] for days in (0, 30, 60)
    )
    assert [now.points, month.points, two.points] == pytest.approx([32.0, 16.0, 8.0])
    assert [now.why, month.why] == ["may be leaving: 80%", "may be leaving: 80%, 30 days ago"]


def test_a_new_word_in_an_old_thread_makes_it_fresh_again() -> None:
    leaving = some_labels(churn=0.8)
    thread = a_thread(said(leaving, ago=60 * DAY), said(CALM, text="any news from Acme?"))
    assert because(rank(thread), "leaving")[0].points == pytest.approx(32.0)


def test_churn_and_unhappiness_count_less_once_we_have_answered() -> None:
    angry = some_labels(negative=0.9, positive=0.0, churn=0.8)
    open_, answered = (
        rank(a_thread(said(angry), *after))
        for after in ((), (said(own=True, ago=-1 * timedelta(minutes=1)),))
    )
    for words in ("leaving", "unhappy"):
        assert because(answered, words)[0].points == pytest.approx(
            because(open_, words)[0].points * WEIGHTS.answered
        )


def test_an_unanswered_doubt_may_go_before_an_answered_farewell() -> None:
    thread = a_thread(
        said(some_labels(churn=0.9), author="eve", ago=3 * HOUR),
        said(own=True, ago=2 * HOUR),
        said(some_labels(churn=0.6), author="joe", ago=HOUR),
    )
    assert because(rank(thread), "may be leaving")


def test_a_date_in_the_future_is_as_fresh_as_now_and_never_fresher() -> None:
    leaving = some_labels(churn=0.8)
    assert points(a_thread(said(leaving, ago=-400 * DAY))) == pytest.approx(points(a_thread(said(leaving))))


@pytest.mark.parametrize("year", [1970, 2126])
def test_dates_far_from_now_still_have_points(year: int) -> None:
    ago = NOW - NOW.replace(year=year, day=1)
    assert 0 <= points(a_thread(said(some_labels(churn=0.9), ago=ago))) < 100


# Who goes before whom

OUTAGE = some_labels(negative=0.9, positive=0.02, churn=0.2, intents={Intent.BUG: 0.8})
FAREWELL = some_labels(negative=0.8, positive=0.05, churn=0.95, reason=ChurnReason.CANCEL_STATED)
PRAISE = some_labels(negative=0.02, positive=0.95, churn=0.02, intents={Intent.PRAISE: 0.9})
QUESTION = some_labels(negative=0.1, positive=0.1, churn=0.05, intents={Intent.QUESTION: 0.95})


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (a_thread(said(FAREWELL, ago=HOUR)), a_thread(said(OUTAGE, ago=HOUR))),
        (a_thread(said(OUTAGE, ago=HOUR)), a_thread(said(QUESTION, ago=HOUR))),
        (a_thread(said(QUESTION, ago=HOUR)), a_thread(said(PRAISE, ago=HOUR))),
        (a_thread(said(QUESTION, ago=DAY)), a_thread(said(QUESTION, ago=HOUR))),
        (
            a_thread(said(FAREWELL, ago=HOUR)),
            a_thread(said(PRAISE, author=Author(handle="x", followers=10**7), ago=DAY)),
        ),
        (a_thread(said(OUTAGE, ago=HOUR)), a_thread(said(FAREWELL, ago=90 * DAY))),
        (
            a_thread(said(OUTAGE, ago=HOUR)),
            a_thread(said(FAREWELL, ago=5 * DAY), said(own=True, ago=4 * DAY)),
        ),
        (a_thread(said(FAREWELL, ago=5 * DAY)), a_thread(said(OUTAGE, ago=HOUR))),
        (a_thread(said(QUESTION, ago=DAY)), a_thread(said(CALM, ago=180 * DAY))),
    ],
    ids=[
        "a farewell before an outage complaint of the same hour",
        "an outage complaint before a question",
        "a question before praise",
        "who waits a day before who waits an hour",
        "a farewell before praise that millions saw",
        "today's outage before a farewell of last season",
        "today's outage before a farewell that we answered",
        "a farewell of this week that nobody answered before today's outage",
        "yesterday's question before a calm word of half a year ago",
    ],
)
def test_a_support_lead_would_take_the_first_before_the_second(first: Thread, second: Thread) -> None:
    assert points(first) > points(second)


# What always holds

SHARES = st.integers(0, 100).map(lambda n: n / 100)
TONES = st.tuples(st.integers(0, 100), st.integers(0, 100)).map(
    lambda cuts: Sentiment(
        negative=min(cuts) / 100, neutral=(max(cuts) - min(cuts)) / 100, positive=(100 - max(cuts)) / 100
    )
)
TEXT = "Acme is down again"
SOME_SPANS = st.lists(
    st.builds(
        lambda start, end, weight: Span(start=start, end=end, weight=weight),
        st.integers(0, 8),
        st.integers(9, len(TEXT)),
        st.floats(-1, 1),
    ),
    max_size=2,
).map(tuple)
LABELS = st.builds(
    Labels,
    brand=st.sampled_from(["Acme", "Globex"]),
    model=st.just("test.v1"),
    sentiment=TONES,
    churn=st.none()
    | st.builds(Churn, p=SHARES, reasons=st.dictionaries(st.sampled_from(ChurnReason), SHARES)),
    intents=st.dictionaries(st.sampled_from(Intent), SHARES),
    churn_spans=SOME_SPANS,
    sentiment_spans=SOME_SPANS,
)
SAID = st.builds(
    said,
    LABELS,
    ago=st.timedeltas(timedelta(days=-2), timedelta(days=400)),
    author=st.sampled_from(["ada", "eve", None, Author(handle="x", followers=5000)]),
    own=st.booleans(),
    context=st.booleans(),
    deleted=st.booleans(),
)
THREADS = st.builds(
    lambda mentions, status: a_thread(*mentions, status=status),
    st.lists(SAID, max_size=5),
    st.sampled_from(Status),
)


@settings(max_examples=300, deadline=None)
@given(THREADS)
def test_points_are_the_sum_of_reasons_that_stand_in_order_and_point_into_what_was_said(
    thread: Thread,
) -> None:
    priority = rank(thread)
    assert priority.points == max(0.0, sum(reason.points for reason in priority.reasons))
    assert priority.points >= 0
    assert all(math.isfinite(reason.points) and abs(reason.points) >= SMALLEST for reason in priority.reasons)
    assert list(priority.reasons) == sorted(priority.reasons, key=lambda reason: -reason.points)
    assert priority == rank(thread)
    spoken = {stored.mention.id: stored.mention.said for stored in thread.mentions}
    for reason in priority.reasons:
        assert reason.why
        if reason.span:
            assert spoken[reason.span.mention_id][reason.span.start : reason.span.end].strip()


@settings(max_examples=100, deadline=None)
@given(THREADS, st.randoms())
def test_the_order_in_which_the_store_hands_out_mentions_changes_no_points(
    thread: Thread, random: object
) -> None:
    mixed = list(thread.mentions)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert points(a_thread(*mixed, status=thread.triage.status)) == pytest.approx(points(thread))


@settings(max_examples=100, deadline=None)
@given(THREADS, st.timedeltas(timedelta(days=10), timedelta(days=400)))
def test_a_thread_that_nobody_touches_never_climbs_again_once_it_is_ten_days_old(
    thread: Thread, later: timedelta
) -> None:
    start = NOW + timedelta(days=12)
    then = prioritise(thread, product="Acme", now=start, weights=WEIGHTS)
    after = prioritise(thread, product="Acme", now=start + later, weights=WEIGHTS)
    assert after.points <= then.points + 1


def test_a_reason_points_to_the_words_that_spoke_for_it_and_not_to_those_against() -> None:
    labels = Labels(
        brand="Acme",
        model="test.v1",
        churn=Churn(p=0.9),
        churn_spans=(Span(start=0, end=4, weight=-0.5), Span(start=8, end=12, weight=0.4)),
    )
    stored = said(labels)
    (reason,) = rank(a_thread(stored)).reasons
    assert reason.span is not None
    assert stored.mention.said[reason.span.start : reason.span.end] == "down"


def test_unanswered_mentions_come_oldest_first() -> None:
    newer, older = said(CALM, ago=HOUR), said(CALM, ago=DAY)
    assert unanswered(a_thread(newer, older)) == [older, newer]


def test_the_labels_toward_the_product_are_found_among_others() -> None:
    stored = said(some_labels(brand="Globex"), CALM)
    assert product_labels(stored, "Acme") == CALM
    assert product_labels(stored, "Initech") is None


def test_durations_are_written_as_people_say_them() -> None:
    waits = [timedelta(minutes=30), HOUR, 2 * HOUR, 50 * HOUR, 3 * DAY]
    heard = [
        because(rank(a_thread(said(CALM, ago=wait))), "unanswered")[0].why.removeprefix("unanswered for ")
        for wait in waits
    ]
    assert heard == ["30 minutes", "1 hour", "2 hours", "2 days", "3 days"]


@pytest.mark.parametrize(
    "weights",
    [{"churn": -1.0}, {"reach": math.nan}, {"heat": math.inf}, {"half_life_days": 0.0}, {"answered": 1.5}],
)
def test_weights_that_would_turn_the_order_round_do_not_construct(weights: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        PriorityWeights(**weights)
