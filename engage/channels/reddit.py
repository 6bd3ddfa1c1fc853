"""Replies on Reddit, with a script application of the team's account."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import quote

from core.errors import SendLater, SendRefused
from engage.channel import Connection, Field, Reply, ReplyChannel, same_words
from engage.outbound import Answered, Outbound, at, list_at, text_at

SITE, API = "https://www.reddit.com", "https://oauth.reddit.com"
LOOK = 50


class Reddit(ReplyChannel):
    """Answer as the team's user."""

    name = source = "reddit"
    title = "Reddit"
    limit = 10_000
    fields = (
        Field(name="username", label="User name"),
        Field(name="password", label="Password", secret=True, help="that user's; without two-factor sign-in"),
        Field(name="client_id", label="Client id", help="of a “script” made under reddit.com/prefs/apps"),
        Field(name="client_secret", label="Client secret", secret=True),
    )

    def place(self, values: Mapping[str, str]) -> str:
        """Return nothing: one account answers everywhere."""
        del values
        return ""

    def check(self, link: Connection, out: Outbound) -> str:
        """Sign in and ask who we are."""
        return text_at(self._ask(link, out, "GET", "/api/v1/me").data, "name")

    def find(self, link: Connection, out: Outbound, reply: Reply) -> str | None:
        """Look among our newest comments."""
        path = f"/user/{quote(link.value('username'), safe='')}/comments"
        query = {"limit": str(LOOK), "sort": "new", "raw_json": "1"}
        for child in list_at(self._ask(link, out, "GET", path, query=query).data, "data", "children"):
            below = text_at(child, "data", "parent_id") == reply.to.native_id
            if below and same_words(text_at(child, "data", "body"), reply.text):
                return _address(at(child, "data"), reply)
        return None

    def reply(self, link: Connection, out: Outbound, reply: Reply) -> str:
        """Post a comment."""
        form = {"api_type": "json", "thing_id": reply.to.native_id, "text": reply.text, "raw_json": "1"}
        data = self._ask(link, out, "POST", "/api/comment", form=form).data
        for error in list_at(data, "json", "errors"):
            if text_at(error, 0) == "RATELIMIT":
                raise SendLater(f"Reddit asks us to wait: {text_at(error, 1)}", wait=300.0)
            raise SendRefused(f"Reddit refuses this: {text_at(error, 1) or text_at(error, 0)}")
        return _address(at(data, "json", "data", "things", 0, "data"), reply)

    @staticmethod
    def _ask(
        link: Connection,
        out: Outbound,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Answered:
        pair = b64encode(f"{link.value('client_id')}:{link.value('client_secret')}".encode()).decode()
        asked = {
            "grant_type": "password",
            "username": link.value("username"),
            "password": link.value("password"),
        }
        url = f"{out.base('reddit', SITE)}/api/v1/access_token"
        answer = out.send("POST", url, headers={"Authorization": f"Basic {pair}"}, form=asked).accepted()
        token = text_at(answer.data, "access_token")
        if not token:
            raise SendRefused("Reddit did not sign us in; check the user name and the script's id and secret")
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{out.base('reddit', API)}{path}"
        return out.send(method, url, headers=headers, query=query, form=form).accepted()


def _address(comment: object, reply: Reply) -> str:
    path = text_at(comment, "permalink")
    return f"{SITE}{path}" if path.startswith("/") else reply.to.url or SITE


channel = Reddit()
