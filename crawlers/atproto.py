"""A session with an AT Protocol server (Bluesky's and others'), out of an app password."""

from __future__ import annotations

import json
from dataclasses import dataclass

from scrapy import Request
from scrapy.http import Response

from core.errors import SourceBlocked, SourceBusy, SourceError
from crawlers.page import ERRORS_FROM, OK_BELOW, TOO_MANY, JsonObject, list_of, object_of, text_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """What an app password was exchanged for."""

    #: The account's own server, which passes all else on.
    server: str
    access: str
    refresh: str


def sign_in(server: str, handle: str, password: str) -> Request:
    """Return the request that exchanges an app password for a session."""
    return _call(server, "createSession", "", {"identifier": handle, "password": password})


def refresh(session: Session) -> Request:
    """Return the request that exchanges a session for a fresh one."""
    return _call(session.server, "refreshSession", session.refresh, None)


def session_of(answer: Response, server: str, *, moves: bool) -> Session:
    """Return the session that an answer brings; `moves` to the account's own server where it names one.

    Raises:
        SourceError: it brings none; the class and the message say why.
    """
    if answer.status == TOO_MANY:
        raise SourceBusy("Bluesky asks us to wait before we sign in again")
    if answer.status >= ERRORS_FROM:
        raise SourceError(f"Bluesky could not sign us in ({answer.status})")
    try:
        data = object_of(json.loads(answer.body))
    except ValueError:
        data = {}
    access, again = text_of(data.get("accessJwt")), text_of(data.get("refreshJwt"))
    if answer.status >= OK_BELOW or access is None or again is None:
        raise SourceBlocked(
            f"Bluesky did not sign us in ({answer.status}): check the handle, and make a new app password "
            "under bsky.app/settings/app-passwords"
        )
    for service in list_of(object_of(data.get("didDoc")).get("service")) if moves else ():
        place = text_of(object_of(service).get("serviceEndpoint")) or ""
        if object_of(service).get("type") == "AtprotoPersonalDataServer" and place.startswith("https://"):
            server = place.rstrip("/")
    return Session(server=server, access=access, refresh=again)


def _call(server: str, name: str, token: str, body: JsonObject | None) -> Request:
    headers = {"Content-Type": "application/json"} if body is not None else {}
    return Request(
        f"{server}/xrpc/com.atproto.server.{name}",
        method="POST",
        headers=headers | ({"Authorization": f"Bearer {token}"} if token else {}),
        body=json.dumps(body) if body is not None else b"",
        # A call of the API with an account's own password: no matter of robots.txt.
        meta={"dont_obey_robotstxt": True},
        dont_filter=True,
    )
