"""Replies on Bluesky, through the account's own server."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.clock import iso
from core.errors import SendRefused
from core.mention import Mention
from engage.channel import Connection, Field, Reply, ReplyChannel, server_of
from engage.outbound import Answered, JsonObject, Outbound, at, list_at, text_at

ENTRYWAY = "https://bsky.social"
SITE = "https://bsky.app"
POSTS = "app.bsky.feed.post"
#: Letters of a record key that is a time (TID), five bits each, and their number.
_LETTERS, _LENGTH = "234567abcdefghijklmnopqrstuvwxyz", 13
_LINK = re.compile(rb"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RECORD = re.compile(r"at://([^/]+)/([^/]+)/([^/]+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Session:
    server: str
    did: str
    handle: str
    token: str


class Bluesky(ReplyChannel):
    """Answer under a key made from the reply itself: put twice, it is one post."""

    name = source = "bluesky"
    title = "Bluesky"
    limit = 300
    fields = (
        Field(name="handle", label="Handle", help="acme.bsky.social"),
        Field(
            name="app_password", label="App password", secret=True,
            help="make one under bsky.app/settings/app-passwords; never the account's own password",
        ),
        Field(name="server", label="Server", usual=ENTRYWAY, needed=False,
              help="only for an account on a server of your own"),
    )  # fmt: skip

    def place(self, values: Mapping[str, str]) -> str:
        """Return nothing: one account answers everywhere."""
        server_of(values.get("server") or ENTRYWAY)
        return ""

    def check(self, link: Connection, out: Outbound) -> str:
        """Sign in."""
        return self._sign_in(link, out).handle

    def find(self, link: Connection, out: Outbound, reply: Reply) -> str | None:
        """Look whether there is a record under the reply's key."""
        session = self._sign_in(link, out)
        query = {"repo": session.did, "collection": POSTS, "rkey": _key(reply)}
        there = _ask(session, out, "GET", "com.atproto.repo.getRecord", query=query)
        return _address(session, reply) if there.ok else None

    def reply(self, link: Connection, out: Outbound, reply: Reply) -> str:
        """Put the record."""
        session = self._sign_in(link, out)
        record: JsonObject = {
            "$type": POSTS,
            "text": reply.text,
            "createdAt": iso(reply.at),
            "reply": self._place_in_thread(session, out, reply.to),
        }
        if links := _links(reply.text):
            record["facets"] = links
        body = {"repo": session.did, "collection": POSTS, "rkey": _key(reply), "record": record}
        _ask(session, out, "POST", "com.atproto.repo.putRecord", json=body).accepted()
        return _address(session, reply)

    @staticmethod
    def _sign_in(link: Connection, out: Outbound) -> _Session:
        server = server_of(link.value("server") or ENTRYWAY)
        body = {"identifier": link.value("handle").lstrip("@"), "password": link.value("app_password")}
        data = out.send("POST", f"{server}/xrpc/com.atproto.server.createSession", json=body).accepted().data
        for service in list_at(data, "didDoc", "service"):
            own = text_at(service, "serviceEndpoint")
            # The entryway hands accounts on to the server that holds them.
            if text_at(service, "type") == "AtprotoPersonalDataServer" and own.startswith("https://"):
                server = server if server != ENTRYWAY else own.rstrip("/")
        token = text_at(data, "accessJwt")
        if not token:
            raise SendRefused("Bluesky did not sign us in; make a new app password")
        return _Session(server=server, did=text_at(data, "did"), handle=text_at(data, "handle"), token=token)

    @staticmethod
    def _place_in_thread(session: _Session, out: Outbound, to: Mention) -> JsonObject:
        """Return what the reply answers and where its thread began, each with the version that we saw."""
        uri = to.native_id
        found = _ask(session, out, "GET", "app.bsky.feed.getPosts", query={"uris": uri})
        post = at(found.data, "posts", 0) if found.ok else None
        cid, record = text_at(post, "cid"), at(post, "record")
        place = _RECORD.fullmatch(uri)
        if not cid and place:
            # A server without an AppView behind it knows its own records.
            query = {"repo": place[1], "collection": place[2], "rkey": place[3]}
            there = _ask(session, out, "GET", "com.atproto.repo.getRecord", query=query)
            cid, record = text_at(there.data, "cid"), at(there.data, "value")
        if not cid:
            raise SendRefused("Bluesky no longer shows that post; it may have been deleted")
        parent: JsonObject = {"uri": uri, "cid": cid}
        root = at(record, "reply", "root")
        known = text_at(root, "uri") and text_at(root, "cid")
        top: JsonObject = {"uri": text_at(root, "uri"), "cid": text_at(root, "cid")} if known else parent
        return {"root": top, "parent": parent}


def _ask(
    session: _Session,
    out: Outbound,
    method: str,
    name: str,
    *,
    query: Mapping[str, str] | None = None,
    json: object = None,
) -> Answered:
    headers = {"Authorization": f"Bearer {session.token}"}
    return out.send(method, f"{session.server}/xrpc/{name}", headers=headers, query=query, json=json)


def _key(reply: Reply) -> str:
    """Return the record key: the time of writing in microseconds, and ten bits of the reply's id."""
    micros = (reply.at - _EPOCH) // timedelta(microseconds=1)
    clock = int.from_bytes(hashlib.sha256(reply.id.encode()).digest()[:2], "big") & 0x3FF
    value, letters = micros << 10 | clock, ""
    for _ in range(_LENGTH):
        value, low = divmod(value, 32)
        letters = _LETTERS[low] + letters
    return letters


def _address(session: _Session, reply: Reply) -> str:
    return f"{SITE}/profile/{session.handle}/post/{_key(reply)}"


def _links(text: str) -> list[JsonObject]:
    """Return the links in a text as facets, placed by bytes: without them no link can be pressed."""
    return [
        {
            "index": {"byteStart": found.start(), "byteEnd": found.end()},
            "features": [{"$type": "app.bsky.richtext.facet#link", "uri": found[0].decode()}],
        }
        for found in _LINK.finditer(text.encode())
    ]


channel = Bluesky()
