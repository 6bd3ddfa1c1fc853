"""Who may be one person, who belongs where: suggested, accepted, declined, taken back."""

from __future__ import annotations

import pytest

from core.customers import Seat
from core.errors import InputError, NotFound
from core.mention import Author
from core.ports import Store
from core.stages import Stage
from engage.accounts import plan_import, save_import
from engage.customers import find_account, find_person
from engage.matching import (
    ACCEPTED,
    DECLINED,
    Match,
    Why,
    decide,
    match_of,
    matches,
    merge,
    part,
    place,
    suggest_for_all,
    tell_email,
)
from tests.builders import NOW
from tests.customers.saying import LEAVES, PRAISE, say


def waiting(store: Store) -> list[Match]:
    store.settle()
    return sorted((match_of(item) for item in matches(store).items), key=lambda match: match.why)


@pytest.fixture
def crowd(store: Store) -> Store:
    """Three who may be one or two, one who may belong to Umbrella, and two who only share a usual name."""
    plan = plan_import(store, [b"key,name,domain\numbrella,Umbrella,umbrella.example\n"])
    save_import(store, plan, file="t", actor="ada", now=NOW)
    page = "https://ada.example/about"
    say(store, Author(handle="adalove", url=page), PRAISE)
    say(store, Author(handle="adalove@town.example"), LEAVES, source="mastodon")
    say(store, Author(handle="al", url=page), PRAISE, source="reddit")
    say(store, Author(handle="eve@social.umbrella.example"), PRAISE, source="mastodon")
    say(store, "john", PRAISE)
    say(store, "john", PRAISE, source="reddit")
    store.settle()
    assert suggest_for_all(store, now=NOW) == 3
    assert suggest_for_all(store, now=NOW) == 0
    return store


def test_matches_are_suggested_with_their_reason(crowd: Store) -> None:
    found = waiting(crowd)
    assert [(match.why, match.detail) for match in found] == [
        (Why.DOMAIN, "umbrella.example"), (Why.LINKED_PROFILE, "ada.example/about"), (Why.SAME_HANDLE, ""),
    ]  # fmt: skip
    assert found[0].account == "umbrella"


def test_an_accepted_match_makes_one_person_and_declining_it_makes_them_two_again(crowd: Store) -> None:
    same = waiting(crowd)[2]
    decide(crowd, same.key, ACCEPTED, actor="bob", now=NOW)
    one = find_person(crowd, "hackernews:adalove").person
    assert find_person(crowd, "mastodon:adalove@town.example").person == one
    assert (len(one.handles), one.standing.stage, len(one.evidence) >= 2) == (2, Stage.AT_RISK, True)
    say(crowd, "adalove@town.example", LEAVES, source="mastodon")
    assert len(find_person(crowd, "hackernews:adalove").person.evidence) > len(one.evidence)
    decide(crowd, same.key, DECLINED, actor="bob", now=NOW)
    here = find_person(crowd, "hackernews:adalove").person
    there = find_person(crowd, "mastodon:adalove@town.example").person
    assert (here.standing.stage, there.standing.stage) == (Stage.SATISFIED, Stage.AT_RISK)
    assert len([one for one in there.evidence if one.signal == "leaving"]) == 2
    assert suggest_for_all(crowd, now=NOW) == 0
    assert len(waiting(crowd)) == 2


def test_who_belongs_to_an_account_moves_it_and_leaves_it(crowd: Store) -> None:
    domain = waiting(crowd)[0]
    decide(crowd, domain.key, ACCEPTED, actor="bob", now=NOW)
    assert find_account(crowd, "umbrella").account.standing.stage is Stage.SATISFIED
    threat = find_person(crowd, "mastodon:adalove@town.example").person
    place(crowd, threat.key, "umbrella", seat=Seat.BUYER, actor="bob", now=NOW)
    account = find_account(crowd, "umbrella").account
    assert (account.standing.stage, account.people) == (Stage.AT_RISK, 2)
    place(crowd, threat.key, "", actor="bob", now=NOW)
    decide(crowd, domain.key, DECLINED, actor="bob", now=NOW)
    assert find_account(crowd, "umbrella").account.people == 0
    with pytest.raises(NotFound):
        place(crowd, threat.key, "nowhere", actor="bob", now=NOW)


def test_an_address_that_a_user_tells_suggests_the_account(crowd: Store) -> None:
    person = find_person(crowd, "hackernews:john").person
    tell_email(crowd, person.key, "john@mail.umbrella.example", actor="bob", now=NOW)
    assert len(waiting(crowd)) == 3
    tell_email(crowd, person.key, "john@umbrella.example", actor="bob", now=NOW)
    assert person.key in {match.person for match in waiting(crowd) if match.why is Why.DOMAIN}
    for wrong in ("john", "@umbrella.example", "a b@c.example", "j@localhost"):
        with pytest.raises(InputError):
            tell_email(crowd, person.key, wrong, actor="bob", now=NOW)


def test_nobody_is_merged_with_themselves_and_nothing_parts_what_is_not_one(crowd: Store) -> None:
    with pytest.raises(InputError, match="already"):
        merge(crowd, "hackernews:john", "hackernews:john", actor="bob", now=NOW)
    with pytest.raises(NotFound):
        part(crowd, find_person(crowd, "hackernews:john").person.key, actor="bob", now=NOW)
