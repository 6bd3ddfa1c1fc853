"""Every text of the screens can be translated, and a translation shows."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask
from jinja2 import Environment, nodes

from core.advocacy import Advocate, Answer, Lead, Permission, Programme, may_ask
from core.advocacy import Standing as Programmed
from core.clock import SetClock
from core.customers import Account, Contract, Outcome, Person, Seat, Standing, judge_account
from core.plays import Grade, Result
from core.ports import Store
from core.settings import Settings
from core.stages import LEAVES, Because, Signal, Stage, judge
from engage.accounts import Change
from engage.story import DEEDS
from tests.builders import NOW
from tests.core.test_stages import GOOD_YEAR, TWO_ACTS, said
from tests.web.access import pages
from tests.web.browser import Browser, text_of
from web import create_app
from web.customer_words import WHYS, called, why

WEB = Path(__file__).parents[2] / "web"
DOCS = WEB.parent / "docs" / "translating.md"
TEMPLATES = sorted((WEB / "templates").rglob("*.html"))
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "gettext": None, "later": None, "ngettext": (1, 2)}
CALLS = {"_", "gettext", "ngettext", "pgettext", "npgettext"}
#: Attributes that a person reads or hears.
SPOKEN = {"title", "placeholder", "aria-label", "alt"}
#: What stays as it is in every language.
NAMES = {"Earful", "JSON", "CSV", "Atom", "JSON Lines", "JSON Feed", "UTC"}
#: Elements whose text is code.
CODE = {"code", "kbd", "script", "style", "pre"}
WORD = re.compile(r"[^\W\d_]{2,}")
#: A string in an expression that a person would read: a capital first, or words apart.
PROSE = re.compile(r"^[A-Z][a-z]+|[a-z]{2,}[,;:]? [a-z]{2,}")
#: The language of the catalogue that the tests make.
PSEUDO = "eo"
#: Small words that no English sentence goes without: where one stands bare, a sentence was not translated.
SMALL = {
    "the",
    "of",
    "and",
    "is",
    "are",
    "to",
    "for",
    "with",
    "not",
    "your",
    "you",
    "this",
    "that",
    "by",
}
#: Pages that still name what the spiders and macros know in their own English.
SPEAKS_ENGLISH = ("/watches/", "/settings/macros")


class Bare(HTMLParser):
    """Collects the texts of a template that stand there as they are."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.code = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.code += tag in CODE
        self.found += [value for name, value in attrs if name in SPOKEN and value and WORD.search(value)]

    def handle_endtag(self, tag: str) -> None:
        self.code -= tag in CODE

    def handle_data(self, data: str) -> None:
        words = data.strip(" \n·,.:;“”()|-+")
        if not self.code and words not in NAMES and WORD.search(words):
            self.found.append(words)


def unwrapped(source: str) -> list[str]:
    """Return the texts of a template that no translation would reach."""
    tree = Environment(autoescape=True, extensions=["jinja2.ext.i18n"]).parse(source)
    for block in [block for block in tree.find_all(nodes.Block) if block.name == "width"]:
        block.body.clear()  # a class of the layout
    bare = Bare()
    for data in tree.find_all(nodes.TemplateData):
        bare.feed(data.data)
    wrapped = {id(const) for call in _calls(tree, CALLS) for const in call.find_all(nodes.Const)}
    bare.found += [
        const.value
        for const in _shown(tree)
        if isinstance(const.value, str) and id(const) not in wrapped and PROSE.search(const.value)
    ]
    return [text for text in bare.found if text.strip() not in NAMES]


def _calls(tree: nodes.Node, names: set[str]) -> Iterator[nodes.Call]:
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in names:
            yield call


def _shown(tree: nodes.Node) -> Iterator[nodes.Const]:
    """Yield the constants of a template, without addresses and what is listed beside its own text."""
    hidden = {id(const) for call in _calls(tree, {"url_for"}) for const in call.find_all(nodes.Const)}
    for pair in tree.find_all(nodes.Tuple):
        if any(True for _ in _calls(pair, CALLS)):
            hidden |= {id(item) for item in pair.items if isinstance(item, nodes.Const)}
    yield from (const for const in tree.find_all(nodes.Const) if id(const) not in hidden)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(WEB / "templates")))
def test_every_text_of_a_template_is_wrapped(path: Path) -> None:
    assert unwrapped(path.read_text("utf-8")) == [], "wrap each as {{ _('…') }}; see docs/translating.md"


@pytest.mark.parametrize(
    "source",
    [
        "<p>Hello there</p>",
        "<p title='Hello there'></p>",
        "<button>{{ 'Resolve' if it else 'Reopen' }}</button>",
        "{{ banner('ok', 'It is saved.') }}",
        "<p>{{ n }} mentions</p>",
    ],
)
def test_a_text_that_is_not_wrapped_is_found(source: str) -> None:
    assert unwrapped(source)


def catalogue() -> Catalog:
    """Return every text of the screens."""
    found = Catalog()
    for name, line, message, comments, context in extract_from_dir(
        WEB, METHODS, keywords=KEYWORDS, options_map={"**.html": {"silent": "false"}}
    ):
        found.add(message, locations=[(name, line)], auto_comments=comments, context=context)
    return found


def test_the_documented_command_gathers_every_text(tmp_path: Path) -> None:
    written = re.search(r"^\.venv/bin/(pybabel extract .*)$", DOCS.read_text("utf-8"), re.MULTILINE)
    assert written
    command = written[1].replace("web/translations/messages.pot", str(tmp_path / "messages.pot"))
    subprocess.run(
        [sys.executable, "-m", "babel.messages.frontend", *command.split()[1:]], cwd=WEB.parent, check=True
    )
    with (tmp_path / "messages.pot").open("rb") as file:
        gathered = {message.id for message in read_po(file)}
    assert {message.id for message in catalogue()} <= gathered
    assert {"Resolve", "Nothing is open. Everyone has been heard."} <= gathered


@pytest.fixture
def pseudo(tmp_path: Path, store: Store, clock: SetClock) -> Flask:
    """The application with a language in which every text stands in ⟦brackets⟧."""
    made = Catalog(locale=PSEUDO)
    for message in catalogue():
        if isinstance(message.id, tuple):
            made.add(message.id, [f"⟦{form}⟧" for form in message.id])
        elif message.id:
            made.add(message.id, f"⟦{message.id}⟧")
    folder = tmp_path / PSEUDO / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "messages.mo").open("wb") as file:
        write_mo(file, made)
    return create_app(store, Settings(), clock=clock, translations=(tmp_path,))


class Left(HTMLParser):
    """Collects the texts of a page that are neither data nor translated."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.depth: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"input", "link", "meta", "br", "use", "rect", "path", "circle", "line"}:
            given = dict(attrs)
            data = tag in CODE | {"bdi", "textarea", "option"} or "dir" in given
            self.depth.append(data and tag != "html")

    def handle_endtag(self, tag: str) -> None:
        if self.depth and tag not in {"use", "rect", "path", "circle", "line"}:
            self.depth.pop()

    def handle_data(self, data: str) -> None:
        if not any(self.depth):
            self.found += WORD.findall(data)


def without_translated(page: str) -> str:
    """Return a page without its texts in brackets, which may hold one another."""
    while "⟦" in page:
        page, before = re.sub("⟦[^⟦⟧]*⟧", "", page), page
        assert page != before, "a bracket was cut"
    return page


def verdicts() -> Iterator[str]:
    """Yield why anybody stands anywhere, or is not to be asked, as core tells it."""
    for when in (
        [(Signal.SATISFIED, 3)], [(Signal.LEFT, 5)], [(Signal.LEAVING, 1)], [(Signal.UNHAPPY, 1)] * 3,
        [*GOOD_YEAR, *TWO_ACTS],
    ):  # fmt: skip
        yield from (one.why for one in judge(said(*when), before=Stage.UNKNOWN, now=NOW).because)
    leaves = Standing(stage=Stage.AT_RISK, because=(Because(why=LEAVES),))
    for outcome, people in (
        (Outcome.LOST, []), (Outcome.OPEN, [(Stage.FORMER, Seat.USER)]),
        (Outcome.OPEN, [(Stage.AT_RISK, Seat.BUYER)]), (Outcome.OPEN, [(Stage.AT_RISK, Seat.USER)]),
        (Outcome.OPEN, [(Stage.LOYAL, Seat.USER)]), (Outcome.OPEN, [(leaves, Seat.USER)]),
    ):  # fmt: skip
        account = Account(key="a", contract=Contract(name="A", outcome=outcome))
        crowd = [
            Person(
                key="p",
                handles=(),
                seat=seat,
                standing=at if isinstance(at, Standing) else Standing(stage=at),
            )
            for at, seat in people
        ]
        yield from (one.why for one in judge_account(account, crowd).because)
    for state, asked, last in (("declined", 0, None), ("found", 9, None), ("found", 0, NOW)):
        advocate = Advocate(person="p", state=Programmed(state), last_asked=last)
        yield may_ask(advocate, asked, now=NOW)


def test_every_reason_and_name_of_core_is_translated(pseudo: Flask) -> None:
    whys = set(verdicts())
    assert len(whys) == len(WHYS)
    names = [*Programme, *Programmed, *Answer, *Permission, *Lead, *Result, *Grade, *Change, *DEEDS]
    with pseudo.test_request_context(headers={"Accept-Language": PSEUDO}):
        assert [each for each in whys if not why(each).startswith("⟦")] == []
        assert [each for each in names if not called(str(each)).startswith("⟦")] == []
        assert why("good words on 3 days over 6 months") == "⟦Good words on 3 days over 6 months⟧"


@pytest.mark.usefixtures("world")
def test_a_translation_shows_through_on_every_page(pseudo: Flask, store: Store) -> None:
    reader = Browser(pseudo, store).sign_in("admin")
    bare: dict[str, list[str]] = {}
    for address in pages(pseudo):
        answer = reader.client.get(address, headers={"Accept-Language": f"{PSEUDO};q=0.9, fr"}, buffered=True)
        if answer.status_code == 303:  # the sign-in page, for somebody who is in
            continue
        assert f'<html lang="{PSEUDO}"' in answer.text, address
        assert text_of(answer.text).count("⟦") >= 3, address
        left = Left()
        left.feed(without_translated(answer.text))
        if SMALL & set(left.found) and not address.startswith(SPEAKS_ENGLISH):
            bare[address] = left.found
    assert bare == {}


@pytest.mark.parametrize(
    ("asked", "cookie", "lang"),
    [
        ("", "", "en-GB"),
        ("en-US,en;q=0.9", "", "en-US"),
        ("fr-FR", "", "en-GB"),
        ("en-US", "en_GB", "en-GB"),
        ("*;q=0.1, x-klingon, ../../etc", "../../etc/passwd", "en-GB"),
    ],
)
def test_the_language_is_the_readers(browser: Browser, asked: str, cookie: str, lang: str) -> None:
    if cookie:
        browser.client.set_cookie("earful_language", cookie)
    page = browser.get("/settings", Accept_Language=asked).text
    assert f'<html lang="{lang}" dir="ltr"' in page


def test_a_language_is_chosen_and_taken_back(browser: Browser) -> None:
    browser.post("/settings", language="en_US")
    assert '<html lang="en-US"' in browser.get("/settings", Accept_Language="en-GB").text
    browser.post("/settings", language="nonsense")
    assert '<html lang="en-GB"' in browser.get("/settings", Accept_Language="en-GB").text


def test_dates_and_numbers_are_written_the_readers_way(browser: Browser) -> None:
    british = browser.get("/settings", Accept_Language="en-GB").text
    american = browser.get("/settings", Accept_Language="en-US").text
    month = NOW.strftime("%b")
    assert f"{NOW.day} {month} {NOW.year}" in british
    assert f"{month} {NOW.day}, {NOW.year}" in american
