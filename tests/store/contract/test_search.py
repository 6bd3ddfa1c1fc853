from __future__ import annotations

from datetime import timedelta

import pytest

from core.errors import InputError
from core.ports import Store
from core.search import QueueSort, Sort
from tests.builders import NOW, a_mention, found
from tests.store.contract.asking import ask, ids


def marked(store: Store, query: str) -> list[str]:
    """The stretches that a query marks in the one mention it finds: those of the title in brackets."""
    store.settle()
    (hit,) = store.search(ask(query)).hits
    mention = hit.stored.mention
    title = [f"[{(mention.title or '')[start:end]}]" for start, end in hit.title_marks]
    return title + [mention.text[start:end] for start, end in hit.text_marks]


@pytest.mark.parametrize(
    ("query", "marks"),
    [
        ("cancel", ["[Cancelling]", "cancelled"]),
        ("title:cancel", ["[Cancelling]"]),
        ("text:CANCELS", ["cancelled"]),
        ('"my plan"', ["my plan"]),
        ("cancell*", ["[Cancelling]", "cancelled"]),
        ("plan -absent", ["plan"]),
        ("plan OR müde", ["plan", "mude"]),
        ("Ärger", ["ARGER"]),
        ('"i cancelled" "cancelled my"', ["I cancelled my"]),
        ("is:open", []),
    ],
)
def test_what_was_asked_for_is_marked(store: Store, query: str, marks: list[str]) -> None:
    store.put([found(a_mention(title="Cancelling Acme", text="I cancelled my plan. mude, ARGER"))], now=NOW)
    assert marked(store, query) == marks


def test_marks_count_characters_not_bytes(store: Store) -> None:
    store.put([found(a_mention(text="😀😀 ﬁx Acme 料金が高い now"))], now=NOW)
    assert marked(store, "fix") == ["ﬁx"]
    assert marked(store, "料金") == ["料金"]
    assert marked(store, "now") == ["now"]


@pytest.mark.parametrize(
    ("text", "language", "query", "is_found"),
    [
        ("we are cancelling", None, "cancelled", True),
        ("we are cancelling", "xx", "cancelled", True),
        ("Die Häuser", "de", "haus", True),
        ("Die Häuser", "en", "haus", False),
        ("les nouvelles", "fr", "nouvelle", True),
        ("something new", "en", "news", False),
        ("отказались", "ru", "отказался", True),
        ("we are cancelling", None, '"are cancelled"', False),
        ("we are cancelling", None, "cancelle*", False),
        ("we are cancelling", None, "cance*", True),
    ],
)
def test_words_meet_by_their_stems(
    store: Store, text: str, language: str | None, query: str, *, is_found: bool
) -> None:
    store.put([found(a_mention(text=text, language=language))], now=NOW)
    assert bool(ids(store, query)) is is_found


def test_ties_within_one_second_are_parted_by_time_then_id(store: Store) -> None:
    moments = [NOW + timedelta(microseconds=n % 3) for n in range(30)]
    mentions = [a_mention(native_id=f"{n * 7 % 30:02}", published_at=at) for n, at in enumerate(moments)]
    store.put([found(mention) for mention in mentions], now=NOW)
    expected = [m.id for m in sorted(mentions, key=lambda m: (m.published_at, m.id))]
    for sort, order in ((Sort.OLD, expected), (Sort.NEW, expected[::-1])):
        seen: list[str] = []
        after = None
        while True:
            page = store.search(ask("acme"), sort=sort, limit=4, after=after)
            seen += [hit.stored.mention.id for hit in page.hits]
            after = page.next
            if after is None:
                break
        assert seen == order


def test_the_most_relevant_comes_first(store: Store) -> None:
    once = a_mention(text="Acme and a price and much else that says nothing about any of it")
    title = a_mention(title="price price", text="Acme price")
    store.put([found(title), found(once)], now=NOW)
    assert ids(store, "price", sort=Sort.RELEVANT) == [title.id, once.id]


def test_a_page_mark_of_another_list_is_refused(store: Store) -> None:
    store.put([found(), found()], now=NOW)
    mark = store.search(ask(""), limit=1).next
    assert mark
    for bad in ("", "x", "é", mark[:-3], "W10", "bnVsbA", "WyJuZXciLDFlOTksIngiXQ"):
        with pytest.raises(InputError):
            store.search(ask(""), after=bad)
        with pytest.raises(InputError):
            store.queue(ask(""), after=bad)
    with pytest.raises(InputError):
        store.search(ask(""), sort=Sort.OLD, after=mark)
    with pytest.raises(InputError):
        store.queue(ask(""), sort=QueueSort.NEW, after=mark)


def test_an_unknown_facet_is_refused(store: Store) -> None:
    with pytest.raises(InputError):
        store.facets(ask(""), ["nonsense"])
    assert store.facets(ask(""), []) == {}


def test_a_histogram_has_at_most_a_thousand_bars(store: Store) -> None:
    store.put([found(), found(a_mention(published_at=NOW + timedelta(seconds=1001)))], now=NOW)
    bars = store.histogram(ask(""), step=timedelta(seconds=1), start=NOW, end=NOW + timedelta(days=1))
    assert len(bars) == 1_000
    assert [bar.count for bar in bars] == [1] + [0] * 999
    assert store.histogram(ask(""), step=timedelta(days=1), start=NOW, end=NOW) == []


def test_a_search_that_finds_nothing_says_so(store: Store) -> None:
    assert store.search(ask("nothing")).hits == ()
    assert store.count(ask("nothing")).value == 0
    assert store.queue(ask("nothing")).rows == ()
    assert store.facets(ask("nothing"), ["source"]) == {"source": []}
