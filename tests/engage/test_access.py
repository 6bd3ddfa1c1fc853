"""The one-time link that `up` prints."""

from __future__ import annotations

import re
from datetime import timedelta

from core.clock import SetClock
from core.ports import Store
from core.user import Role
from engage.access import FIRST_USER, LINK_LIVES, new_token, sign_in_link, token_hash


def test_a_token_holds_256_random_bits_that_can_stand_in_an_address() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", token) for token in tokens)


def test_a_token_cannot_be_read_from_its_hash_and_any_text_has_one() -> None:
    token = new_token()
    assert token not in token_hash(token)
    assert re.fullmatch(r"[0-9a-f]{64}", token_hash(token))
    assert len({token_hash(text) for text in ("", "a", "ä", "\ud800", "\x00", token)}) == 6


def test_the_first_link_makes_the_first_user_and_the_second_finds_them(store: Store, clock: SetClock) -> None:
    sign_in_link(store, now=clock.now())
    sign_in_link(store, now=clock.now())
    (user,) = store.users()
    assert (user.name, user.role, user.password_hash) == (FIRST_USER, Role.ADMIN, None)


def test_a_link_signs_in_once(store: Store, clock: SetClock) -> None:
    token = sign_in_link(store, now=clock.now())
    link = store.use_sign_in_link(token_hash(token), now=clock.now())
    assert link is not None
    assert link.user == FIRST_USER
    assert store.use_sign_in_link(token_hash(token), now=clock.now()) is None


def test_a_new_link_leaves_the_one_printed_before_good(store: Store, clock: SetClock) -> None:
    first, second = (sign_in_link(store, now=clock.now()) for _ in range(2))
    assert first != second
    assert store.use_sign_in_link(token_hash(first), now=clock.now())
    assert store.use_sign_in_link(token_hash(second), now=clock.now())


def test_a_link_is_good_for_a_day(store: Store, clock: SetClock) -> None:
    kept, late = (sign_in_link(store, now=clock.now()) for _ in range(2))
    clock.advance(LINK_LIVES - timedelta(seconds=1))
    assert store.use_sign_in_link(token_hash(kept), now=clock.now())
    clock.advance(timedelta(seconds=1))
    assert store.use_sign_in_link(token_hash(late), now=clock.now()) is None


def test_a_token_that_was_never_given_out_signs_nobody_in(store: Store, clock: SetClock) -> None:
    sign_in_link(store, now=clock.now())
    assert store.use_sign_in_link(token_hash(new_token()), now=clock.now()) is None
    assert store.use_sign_in_link("", now=clock.now()) is None
