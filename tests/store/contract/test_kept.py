"""Many things by key: chosen by state, found by what they refer to, in pages, written together."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import InputError
from core.kept import Kept, Order, Sought
from core.ports import Store
from tests.builders import NOW

DAY = timedelta(days=1)


def an_account(number: int, **changes: object) -> Kept:
    account = Kept(
        kind="account", key=f"a{number:03}", body={"n": number}, by="ada", at=NOW,
        state=("satisfied", "at_risk")[number % 2], due=NOW + number * DAY,
        refs=(f"domain:d{number}.example", "owner:ada"),
    )  # fmt: skip
    return replace(account, **changes)  # type: ignore[arg-type]


@pytest.fixture
def full(empty: Store) -> Store:
    assert len(empty.keep_all([an_account(n) for n in range(7)])) == 7
    empty.keep_all([an_account(9, kind="other"), an_account(8, due=None, refs=())])
    empty.settle()
    return empty


def keys(store: Store, limit: int = 50, **sought: object) -> list[str]:
    """Return the keys of all pages."""
    found, after = [], None
    while True:
        page = store.kept_page(Sought(kind="account", **sought), limit=limit, after=after)  # type: ignore[arg-type]
        found += [item.key for item in page.items]
        after = page.next
        if after is None:
            return found


def test_what_was_kept_together_comes_back_whole(full: Store) -> None:
    assert full.kept_one("account", "a003") == an_account(3, version=1)
    assert full.kept_one("account", "none") is None
    assert full.kept_many("account", ["a001", "none", "a008"]) == {
        "a001": an_account(1, version=1), "a008": an_account(8, due=None, refs=(), version=1),
    }  # fmt: skip
    assert [item.key for item in full.kept("account")] == [f"a{n:03}" for n in (*range(7), 8)]
    assert full.audit() == []


def test_pages_go_on_where_the_last_one_ended_in_every_order(full: Store) -> None:
    for limit in (1, 3, 50):
        assert keys(full, limit) == [f"a{n:03}" for n in (*range(7), 8)]
        assert keys(full, limit, order=Order.SOONEST) == [f"a{n:03}" for n in range(7)]
        assert keys(full, limit, order=Order.LATEST) == [f"a{n:03}" for n in reversed(range(7))]


def test_things_are_chosen_by_state_reference_and_moment(full: Store) -> None:
    assert keys(full, states=("at_risk",)) == ["a001", "a003", "a005"]
    assert keys(full, refs=("domain:d2.example",)) == ["a002"]
    assert keys(full, refs=("owner:ada", "domain:d2.example"), states=("at_risk",)) == []
    assert keys(full, since=NOW + 2 * DAY, until=NOW + 4 * DAY) == ["a002", "a003"]
    assert full.kept_counts(Sought(kind="account")) == {"satisfied": 5, "at_risk": 3}
    assert full.kept_counts(Sought(kind="account", refs=("owner:ada",), until=NOW + DAY)) == {"satisfied": 1}
    assert full.kept_counts(Sought(kind="nothing")) == {}


def test_numbers_in_the_bodies_are_added_up_by_state(full: Store) -> None:
    more = [{"n": 0.5}, {"n": "7"}, {"n": True}, {"n": None}, {"n": [1]}, {"other": 3}, {"in": {"a b.c": 4}}]
    full.keep_all([an_account(50 + 2 * number, body=body) for number, body in enumerate(more)])
    full.settle()
    assert full.kept_sums("account", "n") == {"satisfied": 0 + 2 + 4 + 6 + 8 + 0.5, "at_risk": 1 + 3 + 5}
    assert full.kept_sums("account", "n", "deeper") == {"satisfied": 0.0, "at_risk": 0.0}
    assert full.kept_sums("account", "in", "a b") == {"satisfied": 0.0, "at_risk": 0.0}
    assert full.kept_sums("nothing", "n") == {}


def test_a_stale_thing_is_left_out_and_the_rest_is_stored(full: Store) -> None:
    fresh, stale = an_account(1, version=1, state="former", refs=("owner:bob",)), an_account(2, version=4)
    assert full.keep_all([fresh, stale, an_account(20)]) == [
        replace(fresh, version=2), an_account(20, version=1),
    ]  # fmt: skip
    full.settle()
    assert keys(full, refs=("owner:bob",)) == ["a001"]
    assert keys(full, states=("former",)) == ["a001"]
    assert full.kept_one("account", "a002") == an_account(2, version=1)
    assert full.kept_one("account", "a001") == replace(fresh, version=2)


def test_things_are_dropped_together_but_not_what_changed_since(full: Store) -> None:
    full.keep_all([an_account(1, version=1, state="former")])
    assert full.drop_all([an_account(n, version=1) for n in (0, 1, 2, 30)]) == 2
    full.settle()
    assert keys(full, refs=("owner:ada",)) == ["a001", "a003", "a004", "a005", "a006"]
    assert [item.version for item in full.keep_all([an_account(0)])] == [1]


def test_a_saved_and_dropped_thing_leaves_no_reference(full: Store) -> None:
    full.keep(an_account(3, version=1, refs=("owner:eve",)))
    assert keys(full, refs=("domain:d3.example",)) == []
    full.drop("account", "a003", actor="ada", now=NOW)
    assert keys(full, refs=("owner:eve",)) == []
    assert keys(full, states=("at_risk",)) == ["a001", "a005"]


def test_everything_kept_can_be_walked_through(full: Store) -> None:
    found = list(full.all_kept())
    assert [(item.kind, item.key) for item in found] == [
        *(("account", f"a{n:03}") for n in (*range(7), 8)), ("other", "a009"),
    ]  # fmt: skip
    assert found[0] == an_account(0, version=1)


@pytest.mark.parametrize("after", ["", "x", "[1]", "[]", '["a", 1]', "no.where"])
def test_a_page_that_never_was_is_refused_in_plain_words(full: Store, after: str) -> None:
    with pytest.raises(InputError, match="start from the first one"):
        full.kept_page(Sought(kind="account", order=Order.SOONEST), after=after)
