from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.errors import InputError, SourceBlocked, SourceChanged, SourceError
from crawlers.spiders.appstore import AppStore
from tests.crawlers.exactness import inexact
from tests.crawlers.truth import BLOCK_PAGE, acme, answer, fixture, read

PAGE = "https://itunes.apple.com/us/rss/customerreviews/page=1/id=123456789/sortby=mostrecent/json"
ATOM = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns:im="http://itunes.apple.com/rss" xmlns="http://www.w3.org/2005/Atom" xml:lang="en">
<id>https://itunes.apple.com/us/rss/customerreviews/id=123456789/xml</id><title>Customer Reviews</title>
<entry><id im:id="123456789">https://itunes.apple.com/us/app/acme/id123456789</id><title>Acme Kettle</title>
 <im:name>Acme Kettle</im:name><content type="html">&lt;b&gt;Acme&lt;/b&gt;</content></entry>
<entry><updated>2025-11-02T23:10:00-07:00</updated><id>90000000001</id><title>Leaks &amp; more</title>
 <content type="text">It leaks.
&lt;3 no more</content><im:contentType term="Application"/><im:voteSum>4</im:voteSum><im:rating>2</im:rating>
 <author><name>moss 12</name><uri>https://itunes.apple.com/us/reviews/id77001</uri></author>
 <link rel="related" href="https://itunes.apple.com/us/review?id=123456789"/>
 <content type="html">&lt;table&gt;It leaks.&lt;/table&gt;</content></entry></feed>"""


def test_reviews_are_read_and_the_app_itself_is_none() -> None:
    first, _ = read("appstore", fixture("appstore_reviews.json"), PAGE)
    assert (first["id"], first["kind"], first["rating"]) == ("appstore:90000000001", "review", 2)
    assert (first["title"], first["text"]) == ("Leaks again", 'It leaks.\n\nSupport says "restart".')
    assert first["published_at"] == "2025-11-03T06:10:00Z"
    assert first["url"] == "https://itunes.apple.com/us/review?id=123456789&type=Purple%20Software"
    assert first["author"] | {"followers": 0} == {
        "id": "77001", "handle": "moss 12", "name": "moss 12", "followers": 0,
        "url": "https://itunes.apple.com/us/reviews/id77001",
    }  # fmt: skip
    assert first["engagement"]["score"] == 4


def test_a_review_without_a_date_says_that_it_has_none() -> None:
    _, second = read("appstore", fixture("appstore_reviews.json"), PAGE)
    assert second["published_known"] is False


def test_a_single_review_comes_as_an_object() -> None:
    feed = json.loads(fixture("appstore_reviews.json"))
    feed["feed"]["entry"] = feed["feed"]["entry"][1]
    assert [item["native_id"] for item in read("appstore", feed, PAGE)] == ["90000000001"]


def test_the_form_in_xml_tells_the_same() -> None:
    (item,) = read("appstore", ATOM, PAGE.replace("/json", "/xml"))
    assert (item["native_id"], item["rating"], item["title"]) == ("90000000001", 2, "Leaks & more")
    assert (item["text"], item["published_at"]) == ("It leaks.\n<3 no more", "2025-11-03T06:10:00Z")
    assert item["author"]["handle"] == "moss 12"


@pytest.mark.parametrize("entry", [{}, {"entry": []}])
def test_past_the_end_there_is_nothing(entry: dict[str, object]) -> None:
    assert read("appstore", {"feed": {"title": {"label": "Reviews"}} | entry}, PAGE) == []


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"<html><head><title>403 Forbidden</title></head><body>no</body></html>", SourceBlocked),
        (BLOCK_PAGE, SourceBlocked),
        (b"<HTML><HEAD><TITLE>An error occurred</TITLE></HEAD><BODY>500</BODY></HTML>", SourceBlocked),
        ({"weather": "fine"}, SourceChanged),
        ([1], SourceChanged),
        (b"<?xml version='1.0'?><note>hello</note>", SourceChanged),
        (b"", SourceChanged),
    ],
)
def test_what_is_no_answer_gives_no_mention(body: object, error: type[SourceError]) -> None:
    with pytest.raises(error):
        read("appstore", body, PAGE)


def test_a_review_in_html_alone_is_read_as_text() -> None:
    only = ATOM.replace('<content type="text">It leaks.\n&lt;3 no more</content>', "", 1)
    (item,) = read("appstore", only, PAGE)
    assert item["text"] == "It leaks."


def test_entities_of_strangers_are_not_expanded() -> None:
    bomb = '<!DOCTYPE feed [<!ENTITY a "x"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
    body = ATOM.replace("<feed", f"{bomb}<feed", 1).replace("It leaks.", "It &f;&a; leaks.", 1)
    (item,) = read("appstore", body, PAGE)
    assert "root:" not in item["text"]


def test_ten_pages_are_read_of_each_app_and_country() -> None:
    spider = AppStore()
    first, second = spider.streams(acme(), {"apps": ["id123456789"], "countries": "us,de"})
    assert (first.url, second.name) == (PAGE, "123456789@de")
    page = answer(fixture("appstore_reviews.json"), PAGE)
    mentions = list(spider.read(page))
    following = spider.next_page(page, mentions)
    assert following == PAGE.replace("page=1", "page=2")
    assert spider.next_page(answer({}, PAGE.replace("page=1", "page=10")), mentions) is None
    assert spider.next_page(page, []) is None


def test_every_review_of_a_watched_app_counts_but_for_the_words_that_may_not_stand() -> None:
    spider = AppStore()
    _, second = spider.read(answer(fixture("appstore_reviews.json"), PAGE))
    assert spider.matches(acme(), second)
    assert not spider.matches(acme(must_not=("boils",)), second)


@pytest.mark.parametrize(
    "settings", [{}, {"apps": []}, {"apps": ["acme"]}, {"apps": ["123456789"], "countries": "usa"}]
)
def test_apps_and_countries_must_be_told(settings: dict[str, object]) -> None:
    with pytest.raises(InputError):
        AppStore.check_settings(settings)
    assert AppStore.default_settings("Acme") is None


def test_the_recordings_are_read_exactly(shared: Path) -> None:
    assert inexact(shared, "appstore") == []
