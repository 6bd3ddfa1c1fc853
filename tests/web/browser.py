"""A browser for tests: cookies, forms read out of pages, no script."""

from __future__ import annotations

import re
from datetime import datetime
from html import unescape
from html.parser import HTMLParser

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core.ports import Store
from core.user import SignInLink
from engage.access import new_token, token_hash
from tests.builders import NOW
from web.sessions import ABSOLUTE


class Browser:
    """One person's browser."""

    def __init__(self, app: Flask, store: Store, *, now: datetime = NOW) -> None:
        self.client: FlaskClient = app.test_client()
        self.store = store
        self.now = now
        self.csrf = ""

    def link(self, user: str = "admin") -> str:
        """Return the address of a fresh one-time link."""
        token = new_token()
        link = SignInLink(token_hash=token_hash(token), user=user, expires_at=self.now + ABSOLUTE)
        self.store.save_sign_in_link(link)
        return f"/sign-in/{token}"

    def sign_in(self, user: str) -> Browser:
        """Open a one-time link."""
        assert self.client.get(self.link(user)).status_code == 303
        self.csrf = field(self.client.get("/settings").text, "csrf")
        return self

    def get(self, address: str, status: int = 200, **headers: str) -> TestResponse:
        """Open an address and expect a status."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = self.client.get(address, headers=named, buffered=True)
        assert response.status_code == status, (
            f"{address}: {response.status_code} {text_of(response.text)[:300]}"
        )
        return response

    def post(
        self, address: str, status: int = 303, *, json: bool = False, **data: str | list[str]
    ) -> TestResponse:
        """Send a form with its token and expect a status."""
        body = {"csrf": self.csrf, **{name.rstrip("_"): value for name, value in data.items()}}
        headers = {"Accept": "application/json"} if json else {}
        response = self.client.post(address, data=body, headers=headers)
        assert response.status_code == status, (
            f"{address}: {response.status_code} {text_of(response.text)[:300]}"
        )
        return response

    def follow(self, response: TestResponse) -> str:
        """Return the page that a redirect leads to."""
        return self.get(response.headers["Location"]).text


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def text_of(page: str) -> str:
    """Return the words of a page, white space folded."""
    parser = _Text()
    parser.feed(page)
    return " ".join(" ".join(parser.parts).split())


def field(page: str, name: str) -> str:
    """Return the value of the first field of that name."""
    match = re.search(rf'name="{re.escape(name)}"[^>]* value="([^"]*)"', page)
    assert match, f"no field {name!r} on the page"
    return unescape(match.group(1))
