"""Working hours, breaches and threads given back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import InputError
from core.ports import Store
from core.settings import PriorityWeights
from core.user import Role, User
from engage import desk
from engage.promises import Policy, Standing, TierPromise, policy_of, promise, save_policy, stored_policy
from engage.ranking import rank
from tests.builders import NOW, a_mention, found

HOUR = timedelta(hours=1)
GOLD = TierPromise(tier="Gold", urgent=1, other=4)
FRIDAY = datetime(2026, 3, 6, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "hours", "due"),
    [
        (FRIDAY, 2, FRIDAY + 2 * HOUR),
        (FRIDAY, 3, datetime(2026, 3, 9, 10, 0, tzinfo=UTC)),
        (FRIDAY + 5 * HOUR, 1, datetime(2026, 3, 9, 10, 0, tzinfo=UTC)),
        (FRIDAY - 10 * HOUR, 1, FRIDAY - 5 * HOUR),
        (FRIDAY, 2 + 8 * 5, datetime(2026, 3, 13, 17, 0, tzinfo=UTC)),
    ],
)
def test_only_working_hours_count(since: datetime, hours: float, due: datetime) -> None:
    assert Policy(urgent=hours).due(since, 90) == due


def test_hours_are_those_of_the_teams_zone_also_when_clocks_change() -> None:
    policy = Policy(zone="Europe/Prague", urgent=8, days=(0, 1, 2, 3, 4, 5, 6))
    before = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)  # 13:00 there; the night after has 23 hours
    assert policy.due(before, 90) == datetime(2026, 3, 29, 11, 0, tzinfo=UTC)


def test_a_breach_is_told_before_it_happens() -> None:
    policy = Policy(other=4)
    at = {hours: promise(policy, FRIDAY - 4 * HOUR, 0, now=FRIDAY - 4 * HOUR + hours * HOUR)
          for hours in (0, 2.9, 3, 4)}  # fmt: skip
    standings = [each.standing for each in at.values() if each]
    assert standings == [Standing.KEPT, Standing.KEPT, Standing.SOON, Standing.LATE]
    assert promise(policy, None, 0, now=FRIDAY) is None


@pytest.mark.parametrize(
    "wrong",
    [{"urgent": 0}, {"urgent": float("nan")}, {"days": ()}, {"days": (7,)}, {"opens": "18:00"},
     {"tiers": (GOLD, replace(GOLD, tier="gold"))}, {"tiers": (TierPromise(tier="Gold"),)},
     {"tiers": (TierPromise(tier="", other=1),)}, {"tiers": (TierPromise(tier="Gold", other=0),)},
     {"opens": "x"}, {"zone": "Nowhere/Else"}, {"zone": "../x"}],
)  # fmt: skip
def test_a_policy_under_which_no_time_passes_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        replace(Policy(), **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("points", "tier", "hours"),
    [(90, "gold", 1), (40, " GOLD ", 8), (0, "Gold", 4), (90, "silver", 4), (0, "", 24)],
)
def test_a_promise_to_the_tier_goes_before_that_to_everybody(points: float, tier: str, hours: float) -> None:
    assert Policy(tiers=(GOLD,)).hours(points, tier) == hours


def test_a_tiers_clock_counts_the_working_hours_of_the_zone_and_warns_by_its_own_length() -> None:
    policy = Policy(tiers=(GOLD,), zone="Asia/Tokyo")
    friday = datetime(2026, 3, 6, 6, 0, tzinfo=UTC)  # 15:00 there; two hours are left of the week
    monday = datetime(2026, 3, 9, 0, 0, tzinfo=UTC)  # 9:00 there
    assert policy.due(friday, 0, "gold") == monday + 2 * HOUR
    at = [promise(policy, friday, 0, tier="gold", now=monday + each * HOUR) for each in (0.9, 1, 2)]
    assert [each.standing for each in at if each] == [Standing.KEPT, Standing.SOON, Standing.LATE]
    usual = promise(policy, friday, 0, now=monday + 2 * HOUR)
    assert usual is not None
    assert usual.standing is Standing.KEPT


def test_a_policy_comes_back_as_it_was_saved(store: Store) -> None:
    policy = Policy(urgent=2.5, days=(0, 6), zone="Asia/Tokyo", tiers=(GOLD,))
    assert policy_of(stored_policy(store)) is None
    save_policy(store, policy, on=True, version=0, actor="ada", now=NOW)
    assert policy_of(stored_policy(store)) == policy
    save_policy(store, policy, on=False, version=1, actor="ada", now=NOW)
    assert policy_of(stored_policy(store)) is None


def test_what_somebody_has_and_nobody_touches_is_free_again(store: Store) -> None:
    head = a_mention(native_id="1", published_at=NOW - HOUR)
    store.put([found(head)], now=NOW)
    everyday = Policy(give_back=2, opens="00:00", closes="23:59", days=(0, 1, 2, 3, 4, 5, 6))
    save_policy(store, everyday, on=True, version=0, actor="ada", now=NOW)
    name = "ada"
    store.save_user(User(name=name, role=Role.AGENT, created_at=NOW))
    desk.assign(store, head.id, 0, name, actor=name, now=NOW)
    rank(store, PriorityWeights(), now=NOW + HOUR)
    assert store.thread(head.id).triage.assignee == name
    rank(store, PriorityWeights(), now=NOW + 2.1 * HOUR)
    assert store.thread(head.id).triage.assignee is None
    assert store.audit(target=f"thread:{head.id}")[0].action == "triage.return"
