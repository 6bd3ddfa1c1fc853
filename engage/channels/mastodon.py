"""Replies on Mastodon and what speaks its API (Pleroma, GoToSocial, Akkoma)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import unescape
from urllib.parse import quote, urlsplit

from core.errors import SendRefused
from engage.channel import Connection, Field, Reply, ReplyChannel, same_words, server_of
from engage.outbound import Answered, Outbound, at, list_at, text_at

#: Newest statuses of ours among which a reply is looked for.
LOOK = 40
_BREAK = re.compile(r"<br\s*/?>|</p>", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")
#: A reply is as public as what it answers, and no more.
_VISIBLE = ("public", "unlisted", "private", "direct")


class Mastodon(ReplyChannel):
    """Answer from the team's account on its own server, wherever the post was written."""

    name = source = "mastodon"
    title = "Mastodon"
    limit = 500
    fields = (
        Field(name="server", label="Server of your account", help="social.example"),
        Field(
            name="token", label="Access token", secret=True,
            help="Preferences → Development → New application, with the scopes read:accounts, read:search, "
            "read:statuses and write:statuses",
        ),
    )  # fmt: skip

    def place(self, values: Mapping[str, str]) -> str:
        """Return the server's host."""
        return urlsplit(server_of(values.get("server", ""))).netloc

    def handles(self, link: Connection) -> Sequence[str]:
        """Return our name as our own server shows it, and as others do."""
        named = f"{link.who}@{link.place}"
        return [link.who, named] if link.who and "@" not in link.who else super().handles(link)

    def check(self, link: Connection, out: Outbound) -> str:
        """Ask who we are."""
        return text_at(self._me(link, out), "acct")

    def find(self, link: Connection, out: Outbound, reply: Reply) -> str | None:
        """Look among our newest statuses."""
        parent = self._parent(link, out, reply)
        me = self._me(link, out)
        path = f"/api/v1/accounts/{quote(text_at(me, 'id'))}/statuses"
        newest = self._send(link, out, "GET", path, query={"limit": str(LOOK)}).accepted()
        for status in list_at(newest.data):
            answers = text_at(status, "in_reply_to_id") == text_at(parent, "id")
            if answers and same_words(_plain(text_at(status, "content")), _text(parent, reply)):
                return text_at(status, "url") or text_at(status, "uri")
        return None

    def reply(self, link: Connection, out: Outbound, reply: Reply) -> str:
        """Post a status; the server takes one with this Idempotency-Key once."""
        parent = self._parent(link, out, reply)
        seen = text_at(parent, "visibility")
        body = {
            "status": _text(parent, reply),
            "in_reply_to_id": text_at(parent, "id"),
            "visibility": seen if seen in _VISIBLE else "unlisted",
        }
        headers = {"Idempotency-Key": reply.id}
        answer = self._send(link, out, "POST", "/api/v1/statuses", headers=headers, json=body)
        made = answer.accepted().data
        address = text_at(made, "url") or text_at(made, "uri")
        if not address:
            raise SendRefused("the server took the reply and names no address for it; look there")
        return address

    def _parent(self, link: Connection, out: Outbound, reply: Reply) -> object:
        """Return the status we answer as our own server has it: ids differ from server to server."""
        query = {"q": reply.to.url or "", "type": "statuses", "resolve": "true", "limit": "1"}
        if reply.to.url:
            answer = self._send(link, out, "GET", "/api/v2/search", query=query).accepted()
            found = at(answer.data, "statuses", 0)
            if text_at(found, "id"):
                return found
        there = self._send(link, out, "GET", f"/api/v1/statuses/{quote(reply.to.native_id, safe='')}")
        if there.ok and reply.to.url in (text_at(there.data, "url"), text_at(there.data, "uri")):
            return there.data
        raise SendRefused("your server cannot find that post; open it there and answer by hand")

    def _me(self, link: Connection, out: Outbound) -> object:
        return self._send(link, out, "GET", "/api/v1/accounts/verify_credentials").accepted().data

    @staticmethod
    def _send(
        link: Connection,
        out: Outbound,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        json: object = None,
    ) -> Answered:
        known = {"Authorization": f"Bearer {link.value('token')}", **(headers or {})}
        url = f"{server_of(link.value('server'))}{path}"
        return out.send(method, url, headers=known, query=query, json=json)


def _text(parent: object, reply: Reply) -> str:
    """Return the reply with its receiver named, which is what tells them of it."""
    acct = text_at(parent, "account", "acct")
    if not acct or f"@{acct}".casefold() in reply.text.casefold():
        return reply.text
    return f"@{acct} {reply.text}"


def _plain(content: str) -> str:
    return unescape(_TAG.sub("", _BREAK.sub("\n", content)))


channel = Mastodon()
