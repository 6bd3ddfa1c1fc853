"""Whatever people write in public, or type here, is shown as the text it is."""

from __future__ import annotations

from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

from core.mention import Author
from core.ports import Store
from core.thread import Note
from tests.builders import NOW, a_mention, found
from tests.core.naughty import NAUGHTY
from tests.web.browser import Browser
from tests.web.payloads import PAYLOADS

#: What our own templates are made of.
ELEMENTS = frozenset(
    (
        "a", "article", "aside", "bdi", "body", "button", "code", "datalist", "dd", "defs",
        "details", "dialog", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer",
        "form", "h1", "h2", "head", "header", "html", "input", "kbd", "label", "legend", "li",
        "link", "main", "mark", "meta", "nav", "noscript", "ol", "optgroup", "option", "p", "path",
        "pattern", "rect", "script", "section", "select", "span", "strong", "summary", "svg",
        "symbol", "table", "tbody", "td", "textarea", "th", "thead", "time", "title", "tr", "ul",
        "use", "b",
    )
)  # fmt: skip
LINKS = {"href", "src", "action", "formaction"}


class Inspector(HTMLParser):
    """Collects what a browser would act on."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ELEMENTS:
            self.faults.append(f"<{tag}>")
        for name, value in attrs:
            if name.startswith("on") or name in ("style", "srcdoc", "autofocus"):
                self.faults.append(f"<{tag} {name}>")
            if name in LINKS and not (value or "").startswith(("/", "#", "?", "https://", "http://")):
                self.faults.append(f"<{tag} {name}={value}>")
            if name == "src" and not (value or "").startswith("/static/"):
                self.faults.append(f"<{tag} src={value}>")
            if name == "http-equiv":
                self.faults.append("<meta http-equiv>")


def faults(page: str) -> list[str]:
    inspector = Inspector()
    inspector.feed(page)
    return inspector.faults


def test_there_are_enough_payloads() -> None:
    assert len(PAYLOADS) >= 223


def test_payloads_in_every_field_are_inert_on_every_page(browser: Browser, store: Store) -> None:
    for number, payload in enumerate(PAYLOADS):
        author = Author(handle=payload, name=payload, url=payload)
        store.put(
            [found(a_mention(native_id=str(number), title=f"Acme {payload}", text=f"Acme {payload} Acme",
                             author=author, url=payload, language=payload[:8]))],
            now=NOW,
        )  # fmt: skip
        thread_id = f"hackernews:{number}"
        if number % 10 == 0:
            store.add_note(Note(id=str(number), thread_id=thread_id, author=payload, text=payload, at=NOW))
            browser.post("/triage/tag", on=f"0|{thread_id}", tags=payload[:40].replace(",", " "))
    store.settle()
    addresses = ["/threads?view=all", "/search", "/settings", "/threads?view=all&done=3"]
    addresses += [f"/threads/hackernews:{number}" for number in range(len(PAYLOADS))]
    address = "/threads.json?view=all&limit=500"
    assert browser.get(address).get_json()["total"] == len(PAYLOADS)
    for address in addresses:
        page = browser.get(address).text
        assert faults(page) == [], address
    assert "evil.example/pixel.gif" in browser.get("/search?q=pixel").text


ADDRESSES = [
    "/threads?q={}",
    "/search?q={}",
    "/threads?view={}&sort={}&tag={}&done={}",
    "/search?sort={}&after={}&from={}",
    "/people/{}:{}",
    "/sources?asked={}",
]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.usefixtures("world")
def test_payloads_in_the_address_are_inert(browser: Browser, address: str) -> None:
    for payload in PAYLOADS[::3]:
        answer = browser.client.get(address.replace("{}", _quoted(payload)), follow_redirects=True)
        assert answer.status_code < 500, payload
        assert faults(answer.text) == [], payload


@pytest.mark.usefixtures("store")
def test_payloads_as_a_watch_are_inert(browser: Browser) -> None:
    form = {"csrf": browser.csrf, "version": "1"}
    for payload in PAYLOADS[::4]:
        name = f"Acme {payload}"[:100]
        page = browser.client.post(
            "/watches/acme",
            data={**form, "product": name, "rivals": payload, "every_minutes": payload},
        ).text
        assert faults(page) == [], payload


def test_payloads_in_the_feed_are_text(browser: Browser, store: Store) -> None:
    store.put(
        [found(a_mention(native_id=str(n), text=f"Acme {p}", url=p)) for n, p in enumerate(PAYLOADS)], now=NOW
    )
    store.settle()
    feed = ET.fromstring(browser.get("/search.atom?q=acme").data)  # noqa: S314 - our own output
    names = {element.tag.rpartition("}")[2] for element in feed.iter()}
    assert names <= {
        "feed",
        "title",
        "id",
        "updated",
        "link",
        "entry",
        "published",
        "author",
        "name",
        "content",
    }


def test_json_is_never_taken_for_a_page(browser: Browser, store: Store) -> None:
    store.put([found(a_mention(native_id="1", text="Acme <script>alert(1)</script>"))], now=NOW)
    for address in ("/threads.json", "/search.json", "/threads/hackernews:1.json"):
        assert browser.get(address).mimetype == "application/json"


@pytest.mark.parametrize("start", range(0, len(NAUGHTY), 100))
@pytest.mark.usefixtures("world")
def test_no_query_is_an_error_page(browser: Browser, start: int) -> None:
    for query in NAUGHTY[start : start + 100]:
        for address in ("/search", "/threads", "/search.json"):
            answer = browser.client.get(f"{address}?q={_quoted(query)}")
            assert answer.status_code == 200, f"{address} {query!r}"


@pytest.mark.parametrize("after", ["x", "0", "-1", "9" * 400, "[]", "\x00", "e30=", "é"])
@pytest.mark.usefixtures("world")
def test_a_broken_page_mark_is_no_error(browser: Browser, after: str) -> None:
    for address in ("/search", "/threads", "/search.json", "/threads.json", "/people/hackernews:ada"):
        answer = browser.client.get(address, query_string={"after": after})
        assert answer.status_code < 500, f"{address} {after!r}"


@pytest.mark.parametrize("value", ["", "-5", "0", "1e9", "9" * 400, "x", "²"])
@pytest.mark.usefixtures("world")
def test_numbers_in_addresses_are_read_with_care(browser: Browser, value: str) -> None:
    for name in ("limit", "missed", "done", "whole"):
        for address in ("/threads", "/threads.json", "/search.json", "/threads/hackernews:1"):
            answer = browser.client.get(address, query_string={name: value})
            assert answer.status_code == 200, f"{address}?{name}={value}"


def _quoted(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode("utf-8", "surrogatepass"))
