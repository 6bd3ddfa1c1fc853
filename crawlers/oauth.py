"""A token for an app that reads in its own name (OAuth 2.0, client credentials)."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from scrapy import Request
from scrapy.http import Response

from core.errors import SourceBlocked
from crawlers.page import narrow, object_of, read_json, text_of


def ask_for_token(url: str, client_id: str, client_secret: str, headers: Mapping[str, str]) -> Request:
    """Return the request that exchanges an app's key for a token."""
    basic = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
    form = "application/x-www-form-urlencoded"
    return Request(
        url,
        method="POST",
        body="grant_type=client_credentials",
        headers={**headers, "Content-Type": form, "Authorization": f"Basic {basic}"},
        meta={"dont_obey_robotstxt": True},
        dont_filter=True,
    )


def token_of(response: Response, title: str) -> str:
    """Return the token of an answer.

    Raises:
        SourceBlocked: there is none; the message says which of the keys to check.
        SourceError: it is no answer; the class says why.
    """
    told = object_of(read_json(narrow(response), f"expected a token of {title}"))
    token = text_of(told.get("access_token"))
    if token is None:
        why = text_of(told.get("error")) or "no token"
        raise SourceBlocked(f"{title} refuses `client_id` and `client_secret`: {why[:100]!r}; check both")
    return token
