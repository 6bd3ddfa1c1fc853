"""Every route for every role, found by walking the application: a route that nobody listed fails."""

from __future__ import annotations

import pytest
from flask import Flask

from core.ports import Store
from core.user import Role, User
from tests.builders import NOW
from tests.web.access import RIGHTS, pages, routes
from tests.web.browser import Browser

ROLES = {"admin": "admin", "agent": "bob", "marketer": "mia", "viewer": "vera"}


def test_every_blueprint_says_who_may_use_it(app: Flask) -> None:
    unlisted = {route.blueprint for route in routes(app)} - RIGHTS.keys()
    assert not unlisted, f"say in tests/web/access.py who reads and who changes {sorted(unlisted)}"


@pytest.fixture
def people(app: Flask, store: Store) -> dict[str, Browser]:
    """A browser for every role, and one of nobody's."""
    store.save_user(User(name="mia", role=Role.MARKETER, created_at=NOW))
    found = {role: Browser(app, store).sign_in(name) for role, name in ROLES.items()}
    return {"guest": Browser(app, store), **found}


@pytest.mark.usefixtures("world")
def test_every_route_for_every_role(app: Flask, people: dict[str, Browser]) -> None:
    escapes, tried = [], 0
    for route in routes(app):
        if route.endpoint == "sign_in.sign_out":
            continue
        for role, person in people.items():
            data = {"csrf": person.csrf} if route.method not in ("GET", "HEAD") else None
            answer = person.client.open(route.address, method=route.method, data=data, buffered=True)
            status = answer.status_code
            kept_out = status in (401, 403) or answer.headers.get("Location", "").endswith("/sign-in")
            # A feed's address says to nobody whether it was ever one.
            kept_out = kept_out or (route.blueprint == "feeds" and status == 404)
            tried += 1
            allowed = role in route.may
            if status >= 500 or (allowed == kept_out and route.blueprint != "sign_in"):
                escapes.append((role, route.method, route.address, status))
    assert escapes == []
    assert tried > 400


@pytest.mark.parametrize("role", [*ROLES, "guest"])
@pytest.mark.usefixtures("world")
def test_every_changing_route_refuses_a_missing_token(
    app: Flask, people: dict[str, Browser], store: Store, role: str
) -> None:
    before, tried = store.audit(limit=1), 0
    for route in routes(app):
        if route.method not in ("GET", "HEAD"):
            answer = people[role].client.open(route.address, method=route.method)
            assert answer.status_code in ((403,) if role != "guest" else (401, 403)), route
            tried += 1
    assert tried > 25
    assert store.audit(limit=1) == before


@pytest.mark.usefixtures("world")
def test_every_page_opens(app: Flask, people: dict[str, Browser]) -> None:
    found = pages(app)
    assert len(found) >= 20
    for address in found:
        page = people["admin"].get(address).text
        assert page.startswith("<!doctype html>"), address
        assert len(page.encode()) < 150_000, address
