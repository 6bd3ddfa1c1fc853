"""Bluesky's own servers, read through the public door: search, threads, edits, deletions, our own answers."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.clock import iso
from core.watch import Brand
from tests.bluesky_server import PASSWORD, Account, Network, shared_network
from tests.crawlers.crawl_rig import Bench, Told

pytestmark = pytest.mark.bluesky

HOUR = timedelta(hours=1)
_products = itertools.count(1)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A team that listens for a product that no other test names."""

    network: Network
    bench: Bench
    product: str
    #: The team's own account, and a customer's.
    own: Account
    moss: Account

    def crawl(self, **plan: Any) -> Told:
        """Let the AppView catch up, then crawl it without a key."""
        self.network.settle()
        return self.bench.crawl(**{"base_urls": {"bluesky": self.network.appview}} | plan)

    def said(self, text: str) -> str:
        """A text about the product; the real product names stand in no test's text."""
        return text.format(self.product)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    network = shared_network()
    own, moss = network.account("team"), network.account("moss")
    bench, product = Bench(tmp_path), f"Plinthly{next(_products)}x"
    bench.watch(
        {"bluesky": {}}, product=Brand(name=product), rivals=(), own_handles=(f"bluesky:{own.handle}",)
    )
    return Desk(network=network, bench=bench, product=product, own=own, moss=moss)


def texts(told: Told) -> dict[str, dict[str, Any]]:
    """What is stored, by its text."""
    return {item["text"]: item for item in told.mentions.values() if not item["deleted"]}


def later(hours: float) -> str:
    """A time to crawl at."""
    return iso(datetime.now(UTC) + hours * HOUR)


def test_a_search_is_read_to_its_last_page(desk: Desk) -> None:
    wanted = {desk.moss.post(desk.said(f"{{}} number {number}"))["uri"] for number in range(105)}
    desk.moss.post("Nothing of the kind")
    told = desk.crawl()
    assert told.state["status"] == "ok", told.failures
    assert {item["native_id"] for item in told.mentions.values()} == wanted
    assert told.state["new"] == 105
    again = desk.crawl()
    assert (again.state["new"], again.state["changed"]) == (0, 0)


def test_a_match_comes_with_its_thread_and_our_own_answer_is_known_as_ours(desk: Desk) -> None:
    root = desk.moss.post("Which status page do you use?")
    match = desk.moss.post(desk.said("We pay for {} and look elsewhere"), under=root)
    answer = desk.own.post("Sorry to hear that! What is missing?", under=match)
    desk.moss.post("Everything, really", under=answer)
    desk.moss.post("An answer beside it", under=root)
    told = desk.crawl()
    found = texts(told)
    question, complaint, ours = (
        found[text]
        for text in ("Which status page do you use?", desk.said("We pay for {} and look elsewhere"),
                     "Sorry to hear that! What is missing?")
    )  # fmt: skip
    assert len(found) == 5
    assert [text for text, item in found.items() if not item["context"]] == [complaint["text"]]
    assert [text for text, item in found.items() if item["own"]] == [ours["text"]]
    assert {item["thread_id"] for item in found.values()} == {question["id"]}
    assert (complaint["parent_id"], ours["parent_id"]) == (question["id"], complaint["id"])
    assert found["Everything, really"]["parent_id"] == ours["id"]
    assert ours["author"]["handle"] == desk.own.handle
    assert complaint["url"] == (
        f"https://bsky.app/profile/{desk.moss.handle}/post/{complaint['native_id'].rpartition('/')[2]}"
    )


def test_an_answer_written_after_the_first_crawl_is_found_by_the_next(desk: Desk) -> None:
    match = desk.moss.post(desk.said("{} forgets my settings"))
    assert len(desk.crawl().mentions) == 1
    desk.own.post("Thanks, this is mended in the next release", under=match)
    told = desk.crawl()
    assert {item["text"]: item["own"] for item in told.mentions.values()} == {
        desk.said("{} forgets my settings"): False,
        "Thanks, this is mended in the next release": True,
    }


def test_deleting_and_posting_anew_takes_the_old_words_away(desk: Desk) -> None:
    first = desk.moss.post(desk.said("{} is teh worst"))
    assert [*texts(desk.crawl())] == [desk.said("{} is teh worst")]
    desk.moss.delete(first)
    second = desk.moss.post(desk.said("{} is the worst"))
    told = desk.crawl(now=later(2))
    assert [*texts(told)] == [desk.said("{} is the worst")]
    old, new = (told.mentions[f"bluesky:{post['uri']}"] for post in (first, second))
    assert (old["deleted"], old["text"]) == (True, "")
    assert (new["deleted"], new["revision"]) == (False, 1)


def test_a_record_put_again_is_a_revision_of_the_same_mention(desk: Desk) -> None:
    post = desk.moss.post(desk.said("{} costs 10"))
    desk.crawl()
    desk.moss.put(post, desk.said("{} costs 12"))
    told = desk.crawl(now=later(2))
    assert {item["text"]: item["revision"] for item in told.mentions.values()} == {
        desk.said("{} costs 12"): 2
    }


def test_a_deleted_answer_leaves_those_below_it_and_none_of_its_words(desk: Desk) -> None:
    match = desk.moss.post(desk.said("Leaving {} next month"))
    insult = desk.moss.post("words to take back", under=match)
    desk.own.post("We are sorry to see you go", under=insult)
    assert len(texts(desk.crawl())) == 3
    desk.moss.delete(insult)
    told = desk.crawl(now=later(2))
    assert sorted(texts(told)) == sorted([match_text(desk), "We are sorry to see you go"])
    assert "take back" not in str(told.mentions)


def match_text(desk: Desk) -> str:
    return desk.said("Leaving {} next month")


def test_an_account_signs_in_at_its_own_server_and_reads_through_it(desk: Desk) -> None:
    for number in range(3):
        desk.moss.post(desk.said(f"{{}} and I, part {number}"))
    keys = {"bluesky": {"handle": desk.own.handle, "app_password": PASSWORD}}
    told = desk.crawl(base_urls={"bluesky": desk.network.pds}, keys=keys)
    assert told.state["status"] == "ok", told.failures
    assert len(texts(told)) == 3
    keys["bluesky"]["app_password"] = "wrong-password-1"
    told = desk.crawl(base_urls={"bluesky": desk.network.pds}, keys=keys)
    assert told.state["status"] == "blocked"
    assert "app password" in told.state["reason"]
    assert "wrong-password-1" not in told.state["reason"]
