"""The same walk on Bluesky's own servers: reply, recognise, waiting, reopen; put twice, it is one post."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.thread import Status
from core.watch import Brand
from tests.bluesky_server import PASSWORD, Account, Network, shared_network
from tests.engage.desk_rig import Desk
from tests.web.browser import text_of

pytestmark = pytest.mark.bluesky
_products = itertools.count(1)


class Walk:
    """A desk, our account, a customer's and the network they are on."""

    def __init__(self, directory: Path) -> None:
        self.network: Network = shared_network()
        self.own: Account = self.network.account("team")
        self.moss: Account = self.network.account("moss")
        self.desk = Desk(directory, {"bluesky": self.network.appview})
        self.product = f"Replyly{next(_products)}x"
        self.desk.bench.watch({"bluesky": {}}, product=Brand(name=self.product), rivals=())

    def crawl(self) -> None:
        self.network.settle()
        self.desk.crawl()

    def posts(self) -> list[dict[str, Any]]:
        """The posts of our account, newest first."""
        query = {"repo": self.own.did, "collection": "app.bsky.feed.post"}
        found: list[dict[str, Any]] = self.network.call(
            self.network.pds, "com.atproto.repo.listRecords", query
        )["records"]
        return found


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    walk = Walk(tmp_path)
    yield walk
    walk.desk.store.close()


def test_reply_recognise_waiting_reopen(walk: Walk) -> None:
    root = walk.moss.post("Which status page do you use?")
    match = walk.moss.post(f"We pay for {walk.product} and look elsewhere", under=root)
    walk.crawl()
    desk = walk.desk
    desk.connect("bluesky", handle=walk.own.handle, app_password=PASSWORD, server=walk.network.pds)
    thread = desk.thread("look elsewhere")
    desk.answer(thread, "Sorry to hear that! See https://acme.example/4.2, what is missing?")
    desk.send()
    (post,) = walk.posts()
    assert post["value"]["reply"] == {
        "root": {name: root[name] for name in ("uri", "cid")},
        "parent": {name: match[name] for name in ("uri", "cid")},
    }
    assert post["value"]["facets"][0]["features"][0]["uri"] == "https://acme.example/4.2"
    assert " Sent " in text_of(desk.browser.get(f"/threads/{thread.id}").text)

    walk.crawl()
    ours = [one.mention for one in desk.thread("look elsewhere").mentions if one.own]
    assert [one.url for one in ours] == [desk.item().outcome]
    assert " Sent " not in text_of(desk.browser.get(f"/threads/{thread.id}").text)
    assert desk.store.thread(thread.id).triage.status is Status.WAITING

    answer = {"uri": post["uri"], "cid": post["cid"], "root": root}
    walk.moss.post(f"Exports. With those I would keep {walk.product}", under=answer)
    walk.crawl()
    assert desk.store.thread(thread.id).triage.status is Status.OPEN


def test_a_reply_whose_ack_was_lost_is_one_post(walk: Walk) -> None:
    walk.moss.post(f"{walk.product} forgets my settings")
    walk.crawl()
    desk = walk.desk
    desk.connect("bluesky", handle=walk.own.handle, app_password=PASSWORD, server=walk.network.pds)
    desk.answer(desk.thread("forgets"), "Mended in the next release.")
    (first,) = desk.send()
    # As if the process had died before it could say that it was sent.
    desk.store.withdraw(first.id)
    from engage.outbound import Outbound  # noqa: PLC0415
    from engage.replying import Replier  # noqa: PLC0415

    replier = Replier(desk.store, desk.directory, Outbound.made(desk.settings.allow_networks))
    again = replier.send(first)
    assert again == desk.item().outcome
    assert len(walk.posts()) == 1


def test_a_wrong_app_password_is_told(walk: Walk) -> None:
    told = walk.desk.connect(
        "bluesky", 400, handle=walk.own.handle, app_password="wrong", server=walk.network.pds
    )
    assert "refuses our account (401)" in text_of(told)
    assert not (walk.desk.directory / "connections.toml").exists()
