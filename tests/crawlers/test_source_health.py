"""When a source is asked again, and what is said of how it is doing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.errors import (
    EarfulError,
    EgressRefused,
    SourceBlocked,
    SourceBusy,
    SourceChanged,
    SourceError,
    SourceGone,
)
from core.source import PutCount, SourceState, SourceStatus
from crawlers.health import Gap, Outcome, after
from crawlers.waiting import jittered, retry_after, wait_until
from tests.builders import a_mention

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FRESH = SourceState(watch_id="acme", source="mastodon")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "120"}, 120),
        ({"retry-after": " 0.5 "}, 0.5),
        ({"retry-after": "-7"}, 0),
        ({"retry-after": "Sun, 22 Nov 2026 12:10:00 GMT"}, 600),
        ({"retry-after": "Sun, 22 Nov 2026 11:10:00 GMT"}, 0),
        ({"retry-after": "315360000"}, 86_400),
        ({"retry-after": "Wed, 21 Oct 2099 07:28:00 GMT"}, 86_400),
        ({"retry-after": "1e400"}, 60),
        ({"retry-after": "nan"}, 60),
        ({"retry-after": "soon"}, 60),
        ({"retry-after": "99999999999999999999999 Foo"}, 60),
        ({}, 60),
        ({"x-ratelimit-reset": "2026-11-22T12:05:00.123Z"}, 300.123),
        ({"x-ratelimit-reset": str(NOW.timestamp() + 90)}, 90),
        ({"ratelimit-reset": "45"}, 45),
        ({"x-rate-limit-reset": str(int(NOW.timestamp()) + 900)}, 900),
        ({"retry-after": "5", "x-ratelimit-reset": "900"}, 5),
    ],
)
def test_a_wait_is_what_the_service_says_and_a_day_at_most(headers: dict[str, str], seconds: float) -> None:
    assert (wait_until(headers, NOW) - NOW).total_seconds() == pytest.approx(seconds, abs=0.01)


def test_a_wait_is_never_shortened_and_lengthened_by_a_tenth_at_most() -> None:
    for _ in range(200):
        assert timedelta(seconds=100) <= jittered(timedelta(seconds=100)) <= timedelta(seconds=110)
    assert retry_after(None, NOW) is None


def outcome(*failures: EarfulError, items: int = 0, streams: int = 2, new: int = 0) -> Outcome:
    return Outcome(
        watch_id="acme",
        source="mastodon",
        items=items,
        streams=streams,
        count=PutCount(new=new),
        failures={f"s{number}": error for number, error in enumerate(failures)},
    )


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SourceBlocked("403"), SourceStatus.BLOCKED),
        (EgressRefused("10.0.0.1"), SourceStatus.BLOCKED),
        (SourceBusy("429", until=NOW + timedelta(minutes=9)), SourceStatus.BACKING_OFF),
        (SourceError("500"), SourceStatus.BACKING_OFF),
        (SourceChanged("no JSON"), SourceStatus.SUSPECT),
        (SourceGone("410"), SourceStatus.DEAD),
    ],
)
def test_each_failure_has_its_state_and_a_time_to_try_again(error: EarfulError, status: SourceStatus) -> None:
    state = after(FRESH, outcome(error, error), NOW)
    assert state.status is status
    assert str(error) in state.reason
    assert state.until is not None
    assert NOW < state.until <= NOW + timedelta(hours=24)
    assert state.failures == 1


def test_pauses_double_up_to_a_day_and_success_forgets_them() -> None:
    state, pauses = FRESH, []
    for _ in range(12):
        state = after(state, outcome(SourceError("500"), SourceError("500")), NOW)
        assert state.until is not None
        pauses.append(state.until - NOW)
    assert pauses[:3] == [timedelta(minutes=5), timedelta(minutes=10), timedelta(minutes=20)]
    assert pauses[-1] == timedelta(hours=24)
    state = after(state, outcome(items=3), NOW)
    assert (state.status, state.failures, state.until, state.reason) == (SourceStatus.OK, 0, None, "")


def test_one_failing_server_is_told_and_does_not_stop_the_other() -> None:
    state = after(FRESH, outcome(SourceBusy("wait", until=NOW + timedelta(hours=5)), items=4, streams=2), NOW)
    assert state.status is SourceStatus.BACKING_OFF
    assert state.until is None
    assert state.reason == "wait (1 of 2 failed: s0)"
    assert state.last_success_at == NOW


def test_a_source_that_failed_for_days_is_dead_and_tried_once_a_day() -> None:
    state = after(FRESH, outcome(items=1, new=1), NOW)
    state = after(state, outcome(SourceError("x"), SourceError("x")), NOW + timedelta(days=1))
    assert state.status is SourceStatus.BACKING_OFF
    later = NOW + timedelta(days=4)
    state = after(state, outcome(SourceError("x"), SourceError("x")), later)
    assert state.status is SourceStatus.DEAD
    assert state.until == later + timedelta(hours=24)
    assert "2026-11-22" in state.reason


def test_silence_is_suspect_only_after_a_history() -> None:
    state = FRESH
    for _ in range(5):
        state = after(state, outcome(), NOW)
    assert state.status is SourceStatus.OK
    state = after(state, outcome(items=2, new=2), NOW)
    for expected in (SourceStatus.OK, SourceStatus.OK, SourceStatus.SUSPECT):
        state = after(state, outcome(), NOW)
        assert state.status is expected
    assert after(state, outcome(items=1), NOW).status is SourceStatus.OK


def test_the_lists_of_one_host_are_told_together() -> None:
    told = "no answer from hn.algolia.com: no such host, or no network"
    state = after(FRESH, outcome(*(SourceError(told) for _ in range(5)), streams=5), NOW)
    assert state.reason == told
    state = after(FRESH, outcome(*(SourceError(told) for _ in range(5)), streams=9), NOW)
    assert state.reason == f"{told} (5 of 9 failed: s0, s1, s2 …)"


def test_items_a_day_are_compared_with_the_usual_day() -> None:
    state = FRESH
    for day, new in enumerate((900, 10, 12, 0, 11, 3)):
        state = after(state, outcome(items=new, new=new), NOW + timedelta(days=day))
    assert state.days["2026-11-22"] == 900
    assert state.normal == 10.5
    assert FRESH.normal is None
    assert after(FRESH, outcome(items=5, new=5), NOW).normal is None
    assert state.lag(NOW + timedelta(days=5, hours=3)) == timedelta(hours=3)


def test_requests_are_counted_by_the_day() -> None:
    found = outcome(items=1)
    found.requests = 7
    state = after(after(FRESH, found, NOW), found, NOW + timedelta(hours=1))
    assert (state.today, state.requests_today) == ("2026-11-22", 14)
    assert after(state, found, NOW + timedelta(days=1)).requests_today == 7


def test_a_list_that_ends_above_known_ground_leaves_a_gap() -> None:
    old, new = a_mention(id="feed:1", published_at=NOW), a_mention(id="feed:9", published_at=NOW)

    def gap() -> Gap:
        return Gap(known=frozenset({"feed:1"}), since=NOW - timedelta(hours=3))

    met, lost = gap(), gap()
    met.passed([new, old])
    lost.passed([new])
    assert met.told("blog") == []
    assert lost.told("blog") == ["2026-11-22 09:00 to 2026-11-22 12:00 UTC: blog shows no more"]
