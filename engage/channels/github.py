"""Replies on GitHub: comments under issues and pull requests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

from core.clock import iso
from core.mention import Mention
from engage.channel import Connection, Field, Reply, ReplyChannel, same_words
from engage.outbound import Answered, Outbound, list_at, text_at

API = "https://api.github.com"
#: An issue or a pull request; a discussion takes its comments another way and is answered by hand.
_ISSUE = re.compile(r"https://github\.com/([\w.-]+)/([\w.-]+)/(?:issues|pull)/(\d+)(?:[#?/].*)?")
#: Clocks differ; comments from so long before ours are looked at as well.
SKEW = timedelta(minutes=10)


class GitHub(ReplyChannel):
    """Comment as the account that the token belongs to."""

    name = source = "github"
    title = "GitHub"
    limit = 65_536
    fields = (
        Field(
            name="token", label="Access token", secret=True,
            help="a fine-grained token that may read and write issues of the repositories you answer in",
        ),
    )  # fmt: skip

    def place(self, values: Mapping[str, str]) -> str:
        """Return nothing: one account answers everywhere."""
        del values
        return ""

    def check(self, link: Connection, out: Outbound) -> str:
        """Ask who we are."""
        return text_at(self._ask(link, out, "GET", "/user").data, "login")

    def takes(self, link: Connection, to: Mention) -> bool:
        """Tell whether it stands under an issue or a pull request."""
        return super().takes(link, to) and _ISSUE.fullmatch(to.url or "") is not None

    def find(self, link: Connection, out: Outbound, reply: Reply) -> str | None:
        """Look among the comments since the reply was written."""
        me = text_at(self._ask(link, out, "GET", "/user").data, "login")
        query = {"since": iso(reply.at - SKEW), "per_page": "100"}
        for comment in list_at(self._ask(link, out, "GET", _comments(reply.to), query=query).data):
            ours = text_at(comment, "user", "login").casefold() == me.casefold()
            if ours and same_words(text_at(comment, "body"), reply.text):
                return text_at(comment, "html_url")
        return None

    def reply(self, link: Connection, out: Outbound, reply: Reply) -> str:
        """Comment."""
        made = self._ask(link, out, "POST", _comments(reply.to), json={"body": reply.text})
        return text_at(made.data, "html_url") or reply.to.url or ""

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
        headers = {
            "Authorization": f"Bearer {link.value('token')}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        url = f"{out.base('github', API)}{path}"
        return out.send(method, url, headers=headers, query=query, json=json).accepted()


def _comments(to: Mention) -> str:
    found = _ISSUE.fullmatch(to.url or "")
    owner, name, number = found.groups() if found else ("", "", "")
    return f"/repos/{owner}/{name}/issues/{number}/comments"


channel = GitHub()
