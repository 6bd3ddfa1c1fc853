"""The channels that answer, against servers of their shape: asked in the right form, and never twice."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import cast

import pytest

from core.errors import InputError, SendLater, SendRefused
from core.mention import Mention
from engage.channel import Connection, Reply, ReplyChannel, channel_of, server_of
from engage.outbound import Outbound
from tests.builders import a_mention
from tests.engage.scripted_server import Asked, Scripted, scripted

AT = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)
TEXT = "We are sorry: it's mended in 4.2 — https://acme.example/4.2"


@pytest.fixture
def server() -> Iterator[Scripted]:
    with scripted() as told:
        yield told


def way(name: str) -> ReplyChannel:
    return cast("ReplyChannel", channel_of(name))


def out(server: Scripted, name: str) -> Outbound:
    return Outbound.made(["127.0.0.0/8"], {name: server.base})


def reply(to: Mention, text: str = TEXT) -> Reply:
    return Reply(id="reply:1", to=to, text=text, at=AT)


REDDIT = Connection(
    channel="reddit", place="",
    values={"username": "acme_team", "password": "pw", "client_id": "id", "client_secret": "secret"},
)  # fmt: skip
COMMENT = {
    "body": "We are sorry: it’s mended in 4.2 — https://acme.example/4.2", "parent_id": "t1_abc",
    "permalink": "/r/tools/comments/x/y/z/",
}  # fmt: skip


def reddit(server: Scripted) -> None:
    def token(asked: Asked) -> tuple[int, object]:
        pair = base64.b64decode(asked.headers["authorization"].removeprefix("Basic ")).decode()
        good = pair == "id:secret" and asked.form["password"] == "pw"
        return (200, {"access_token": "t0k"}) if good else (401, {"message": "Unauthorized", "error": 401})

    server.on("POST", "/api/v1/access_token", token)
    server.on("GET", "/api/v1/me", {"name": "acme_team"})
    server.on("GET", "/user/acme_team/comments", {"data": {"children": [{"data": COMMENT}]}})
    server.on("POST", "/api/comment", {"json": {"errors": [], "data": {"things": [{"data": COMMENT}]}}})


def test_reddit_is_answered_with_a_comment(server: Scripted) -> None:
    reddit(server)
    to = a_mention(source="reddit", native_id="t1_abc")
    channel, there = way("reddit"), out(server, "reddit")
    assert channel.check(REDDIT, there) == "acme_team"
    assert channel.reply(REDDIT, there, reply(to)) == "https://www.reddit.com/r/tools/comments/x/y/z/"
    posted = server.asked[-1]
    assert (posted.form["thing_id"], posted.form["text"]) == ("t1_abc", TEXT)
    assert posted.headers["authorization"] == "Bearer t0k"
    assert channel.find(REDDIT, there, reply(to)) == "https://www.reddit.com/r/tools/comments/x/y/z/"
    assert channel.find(REDDIT, there, reply(a_mention(source="reddit", native_id="t1_other"))) is None
    assert channel.find(REDDIT, there, reply(to, "Another answer")) is None


def test_what_reddit_refuses_and_what_it_puts_off_are_told_apart(server: Scripted) -> None:
    reddit(server)
    to = a_mention(source="reddit", native_id="t1_abc")
    server.on("POST", "/api/comment", {"json": {"errors": [["RATELIMIT", "try again in 9 minutes", "x"]]}})
    with pytest.raises(SendLater, match="try again in 9 minutes"):
        way("reddit").reply(REDDIT, out(server, "reddit"), reply(to))
    server.on("POST", "/api/comment", {"json": {"errors": [["THREAD_LOCKED", "the thread is locked", "x"]]}})
    with pytest.raises(SendRefused, match="the thread is locked"):
        way("reddit").reply(REDDIT, out(server, "reddit"), reply(to))


GITHUB = Connection(channel="github", place="", values={"token": "ghp"})
ISSUE = "https://github.com/acme/tool/issues/12#issuecomment-5"


def test_github_is_answered_under_the_issue(server: Scripted) -> None:
    comments = "/repos/acme/tool/issues/12/comments"
    ours = {
        "user": {"login": "Acme-Team"},
        "body": TEXT,
        "html_url": "https://github.com/acme/tool/issues/12#c6",
    }
    server.on("GET", "/user", {"login": "acme-team"})
    server.on("POST", comments, lambda _: (201, ours))
    server.on("GET", comments, [{"user": {"login": "ada"}, "body": TEXT}, ours])
    channel, there = way("github"), out(server, "github")
    to = a_mention(source="github", url=ISSUE)
    assert channel.takes(GITHUB, to)
    assert not channel.takes(
        GITHUB, a_mention(source="github", url="https://github.com/acme/tool/discussions/4")
    )
    assert channel.check(GITHUB, there) == "acme-team"
    assert channel.reply(GITHUB, there, reply(to)) == ours["html_url"]
    assert server.asked[-1].json == {"body": TEXT}
    assert channel.find(GITHUB, there, reply(to)) == ours["html_url"]
    assert server.asked[-1].query["since"] == "2026-03-02T11:50:00.123456Z"
    server.on("GET", comments, [{"user": {"login": "ada"}, "body": TEXT}])
    assert channel.find(GITHUB, there, reply(to)) is None


def forum(server: Scripted) -> Connection:
    values = {"server": server.base, "username": "acme_team", "api_key": "k"}
    return Connection(channel="discourse", place=way("discourse").place(values), values=values)


def test_a_forum_is_answered_below_the_post(server: Scripted) -> None:
    account = forum(server)
    made = {"id": 9, "topic_id": 7, "topic_slug": "prices", "post_number": 31}
    server.on("GET", "/session/current.json", {"current_user": {"username": "acme_team"}})
    server.on("POST", "/posts.json", made)
    first = {"highest_post_number": 31, "post_stream": {"posts": [{"username": "ada", "raw": TEXT}]}}
    last = {"post_stream": {"posts": [{**made, "username": "Acme_Team", "raw": TEXT}]}}
    server.on("GET", "/t/7.json", first)
    server.on("GET", "/t/7/31.json", last)
    host = server.base.removeprefix("http://")
    to = a_mention(
        source="discourse",
        native_id="5",
        thread_id=f"discourse:{host}:topic/7",
        url=f"{server.base}/t/prices/7/3",
    )
    channel, there = way("discourse"), out(server, "discourse")
    assert channel.takes(account, to)
    assert not channel.takes(account, a_mention(source="discourse", url="https://other.example/t/prices/7/3"))
    assert channel.check(account, there) == "acme_team"
    assert channel.reply(account, there, reply(to)) == f"{server.base}/t/prices/7/31"
    assert server.asked[-1].json == {"raw": TEXT, "topic_id": 7, "reply_to_post_number": 3}
    assert server.asked[-1].headers["api-key"] == "k"
    assert channel.find(account, there, reply(to)) == f"{server.base}/t/prices/7/31"


def test_a_mastodon_reply_is_as_public_as_what_it_answers(server: Scripted) -> None:
    account = Connection(channel="mastodon", place="x", values={"server": server.base, "token": "t"})
    url = "https://far.example/@ada/5"
    theirs = {"id": "77", "url": url, "visibility": "unlisted", "account": {"acct": "ada@far.example"}}
    server.on("GET", "/api/v2/search", {"statuses": [theirs]})
    server.on("POST", "/api/v1/statuses", {"id": "78", "url": "https://town.example/@acme/78"})
    to = a_mention(source="mastodon", native_id="5", url=url)
    assert (
        way("mastodon").reply(account, out(server, "mastodon"), reply(to)) == "https://town.example/@acme/78"
    )
    posted = server.asked[-1]
    assert posted.json == {
        "status": f"@ada@far.example {TEXT}", "in_reply_to_id": "77", "visibility": "unlisted"
    }  # fmt: skip
    assert posted.headers["idempotency-key"] == "reply:1"
    server.on("GET", "/api/v2/search", {"statuses": []})
    with pytest.raises(SendRefused, match="cannot find that post"):
        way("mastodon").reply(account, out(server, "mastodon"), reply(to))


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (400, SendRefused, "refuses this"),
        (401, SendRefused, "refuses our account"),
        (404, SendRefused, "refuses this"),
        (302, SendRefused, "sends us elsewhere"),
        (429, SendLater, "asks us to wait"),
        (503, SendLater, "asks us to wait"),
        (500, SendLater, "has a fault of its own"),
    ],
)
def test_each_refusal_is_told_in_words(
    server: Scripted, status: int, error: type[Exception], words: str
) -> None:
    server.on("GET", "/user", lambda _: (status, {"message": "no\n such <b>thing</b>"}))
    server.headers = {"Retry-After": "90", "Location": "http://127.0.0.1:1/"}
    with pytest.raises(error, match=words) as told:
        way("github").check(GITHUB, out(server, "github"))
    assert "\n" not in str(told.value)
    assert len(server.asked) == 1
    if isinstance(told.value, SendLater) and status in (429, 503):
        assert told.value.wait == 90


FORBIDDEN = (
    "http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://2130706433:{port}/", "http://0x7f.1:{port}/",
    "http://[::1]:{port}/", "http://[::ffff:127.0.0.1]:{port}/", "http://0:{port}/", "https://10.0.0.1/",
    "https://169.254.169.254/latest", "https://[fd00::1]/", "https://100.64.0.1/", "file:///etc/passwd",
    "gopher://127.0.0.1/", "http://", "https://user@", "not an address",
)  # fmt: skip


@pytest.mark.parametrize("form", FORBIDDEN)
def test_nothing_private_is_dialled(server: Scripted, form: str) -> None:
    with pytest.raises(SendRefused):
        Outbound().send("GET", form.format(port=server.base.rpartition(":")[2]))
    assert server.asked == []


def test_only_the_port_that_was_named_is_dialled(server: Scripted) -> None:
    with scripted() as other:
        there = Outbound.made([], {"github": server.base})
        assert there.send("GET", f"{server.base}/x").status == 404
        with pytest.raises(SendRefused, match="must not be dialled"):
            there.send("GET", f"{other.base}/x")
        assert other.asked == []


def test_an_error_tells_no_address(server: Scripted) -> None:
    server.on("POST", "/services/T0/secret", lambda _: None)
    there = Outbound.made(["127.0.0.0/8"])
    with pytest.raises(SendLater) as told:
        there.send("POST", f"{server.base}/services/T0/secret", json={})
    assert "secret" not in str(told.value)
    assert told.value.__cause__ is None


@pytest.mark.parametrize(
    "written", ["", "a b", "ftp://x.example", "https://u:p@x.example", "x.example:99999"]
)
def test_what_is_no_server_is_refused(written: str) -> None:
    with pytest.raises(InputError, match=r"social\.example"):
        server_of(written)


def test_a_server_is_written_as_people_do() -> None:
    assert server_of(" Social.Example/ ") == "https://social.example"
    assert server_of("http://127.0.0.1:3000") == "http://127.0.0.1:3000"
