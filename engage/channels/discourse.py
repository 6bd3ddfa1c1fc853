"""Replies on a Discourse forum."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from core.errors import SendRefused
from core.mention import Mention
from engage.channel import Connection, Field, Reply, ReplyChannel, same_words, server_of
from engage.outbound import Answered, Outbound, at, list_at, text_at

_TOPIC = re.compile(r"topic/(\d+)$")
#: `/t/SLUG/TOPIC/NUMBER`: which post of a topic an address names.
_POST = re.compile(r"/t/(?:[^/]+/)?(\d+)/(\d+)")


class Discourse(ReplyChannel):
    """Answer on one forum; each forum has an account of its own."""

    name = source = "discourse"
    title = "Discourse"
    limit = 32_000
    fields = (
        Field(name="server", label="Forum", help="forum.example"),
        Field(name="username", label="User name"),
        Field(
            name="api_key", label="API key", secret=True,
            help="Admin → API → New key, for that single user, with the scopes topics:read, posts:create and "
            "users:show",
        ),
    )  # fmt: skip

    def place(self, values: Mapping[str, str]) -> str:
        """Return the forum's host."""
        return urlsplit(server_of(values.get("server", ""))).netloc

    def check(self, link: Connection, out: Outbound) -> str:
        """Ask who we are."""
        data = self._ask(link, out, "GET", "/session/current.json").data
        who = text_at(data, "current_user", "username")
        if not who:
            raise SendRefused("the forum does not know this key; make one for that single user")
        return who

    def takes(self, link: Connection, to: Mention) -> bool:
        """Tell whether it stands on this forum."""
        here = urlsplit(to.url or "").netloc.casefold() == link.place.casefold()
        return super().takes(link, to) and here and _TOPIC.search(to.thread_id) is not None

    def find(self, link: Connection, out: Outbound, reply: Reply) -> str | None:
        """Look among the last posts of the topic."""
        topic = self._topic(reply.to)
        first = self._ask(link, out, "GET", f"/t/{topic}.json", query={"include_raw": "true"}).data
        last = text_at(first, "highest_post_number")
        data = first
        if last.isdigit() and int(last) > len(list_at(first, "post_stream", "posts")):
            path = f"/t/{topic}/{last}.json"
            data = self._ask(link, out, "GET", path, query={"include_raw": "true"}).data
        for post in list_at(data, "post_stream", "posts"):
            ours = text_at(post, "username").casefold() == link.value("username").casefold()
            if ours and same_words(text_at(post, "raw"), reply.text):
                return self._address(link, post)
        return None

    def reply(self, link: Connection, out: Outbound, reply: Reply) -> str:
        """Post below what is answered."""
        body: dict[str, object] = {"raw": reply.text, "topic_id": int(self._topic(reply.to))}
        place = _POST.search(urlsplit(reply.to.url or "").path)
        if place and int(place[2]) > 1:
            body["reply_to_post_number"] = int(place[2])
        made = self._ask(link, out, "POST", "/posts.json", json=body)
        # A forum that looks at posts before it shows them answers so.
        if text_at(made.data, "action") == "enqueued":
            return reply.to.url or ""
        return self._address(link, at(made.data, "post") or made.data)

    @staticmethod
    def _topic(to: Mention) -> str:
        found = _TOPIC.search(to.thread_id)
        if not found:
            raise SendRefused("that is no topic of the forum; open it there and answer by hand")
        return found[1]

    @staticmethod
    def _address(link: Connection, post: object) -> str:
        server, slug = server_of(link.value("server")), text_at(post, "topic_slug") or "-"
        return f"{server}/t/{slug}/{text_at(post, 'topic_id')}/{text_at(post, 'post_number')}"

    @staticmethod
    def _ask(
        link: Connection,
        out: Outbound,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        json: object = None,
    ) -> Answered:
        headers = {"Api-Key": link.value("api_key"), "Api-Username": link.value("username")}
        url = f"{server_of(link.value('server'))}{path}"
        return out.send(method, url, headers=headers, query=query, json=json).accepted()


channel = Discourse()
