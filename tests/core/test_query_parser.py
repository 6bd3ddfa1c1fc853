"""The query language (DESIGN §7), item by item; whatever is typed, something is searched."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.query import (
    And,
    Between,
    Everything,
    Last,
    Match,
    Node,
    Not,
    OneOf,
    Or,
    Published,
    Query,
    Where,
    Words,
    leaves,
    positive_words,
    render,
)
from core.query_fields import CLOSED_FIELDS, FIELD_NAMES, FREE_FIELDS
from core.query_parser import MAX_CLAUSES, MAX_DEPTH, MAX_LENGTH, parse
from tests.core.naughty import NAUGHTY


def words(text: str, where: Where = Where.ANYWHERE) -> Words:
    return Words(text, Match.WORD, where)


def phrase(text: str, where: Where = Where.ANYWHERE) -> Words:
    return Words(text, Match.PHRASE, where)


def prefix(text: str, where: Where = Where.ANYWHERE) -> Words:
    return Words(text, Match.PREFIX, where)


def messages(query: Query) -> str:
    return " | ".join(problem.message for problem in query.problems)


def underlined(query: Query) -> list[str]:
    return [query.written[problem.start : problem.end] for problem in query.problems]


A, B, C = words("a"), words("b"), words("c")

READS: list[tuple[str, Node]] = [
    # bare words AND
    ("outage", words("outage")),
    ("slow billing", And((words("slow"), words("billing")))),
    ("slow AND billing", And((words("slow"), words("billing")))),
    ("Ärger", words("arger")),
    ("or and not", And((words("or"), words("and"), words("not")))),
    # several tokens in one word are a phrase
    ("c++20-modules", phrase("c 20 modules")),
    ("don't", phrase("don t")),
    ("製品", phrase("製 品")),
    ("製", words("製")),
    ("हिन्दी", words("हिन्दी")),
    # phrases
    ('"too slow"', phrase("too slow")),
    ('"one"', phrase("one")),
    ("“too slow”", phrase("too slow")),
    ("„zu langsam“", phrase("zu langsam")),
    ("«trop lent»", phrase("trop lent")),
    # OR binds weaker than AND
    ("a OR b", Or((A, B))),
    ("a b OR c", Or((And((A, B)), C))),
    ("a OR b OR c", Or((A, B, C))),
    ("a OR (b OR c)", Or((A, B, C))),
    # negation
    ("-a", Not(A)),
    ("NOT a", Not(A)),
    ("--a", A),
    ("NOT -a", A),
    ("a -b", And((A, Not(B)))),
    ("-$5", Not(words("5"))),
    ('-"a b"', Not(phrase("a b"))),
    ("-is:open", Not(OneOf("is", ("open",)))),
    ("self-service", phrase("self service")),
    # groups
    ("(a OR b) c", And((Or((A, B)), C))),
    ("-(a b)", Not(And((A, B)))),
    ("((a))", A),
    ("（a OR b） c", And((Or((A, B)), C))),
    # prefixes
    ("cancel*", prefix("cancel")),
    ("cafe\u0301*", prefix("cafe")),
    ("title:can*", prefix("can", Where.TITLE)),
    # fields of text
    ("title:slow", words("slow", Where.TITLE)),
    ('text:"too slow"', phrase("too slow", Where.TEXT)),
    ("title:a,b", Or((words("a", Where.TITLE), words("b", Where.TITLE)))),
    ('title:"a b","c"', Or((phrase("a b", Where.TITLE), phrase("c", Where.TITLE)))),
    # fields
    ("author:ada", OneOf("author", ("ada",))),
    ("AUTHOR:Ada", OneOf("author", ("Ada",))),
    ("source:reddit,hackernews", OneOf("source", ("reddit", "hackernews"))),
    ('tag:"two words",one', OneOf("tag", ("two words", "one"))),
    ('author:" ada "', OneOf("author", ("ada",))),
    ("url：x", OneOf("url", ("x",))),
    ("url:https://a.example/b?c=d", OneOf("url", ("https://a.example/b?c=d",))),
    ("sentiment:negative", OneOf("sentiment", ("negative",))),
    ("sentiment:neg,pos", OneOf("sentiment", ("negative", "positive"))),
    ("intent:bug", OneOf("intent", ("bug",))),
    ("churn:yes", OneOf("churn", ("yes",))),
    ("churn:switching", OneOf("churn", ("switching",))),
    ("churn@Globex:yes", OneOf("churn", ("yes",), "Globex")),
    ('sentiment@"Acme Cloud":neg', OneOf("sentiment", ("negative",), "Acme Cloud")),
    # ranges
    ("churn:>0.7", Between("churn", 0.7, None, low_counts=False)),
    ("churn:>=.7", Between("churn", 0.7, None)),
    ("churn:<0.3", Between("churn", None, 0.3, high_counts=False)),
    ("churn:<=0.3", Between("churn", None, 0.3)),
    ("churn:[0.3 TO 0.7]", Between("churn", 0.3, 0.7)),
    ("churn:[0.3 to *]", Between("churn", 0.3, None)),
    ("churn:[* TO 0.7]", Between("churn", None, 0.7)),
    ("churn:[* TO *]", Between("churn", 0.0, None)),
    ("churn:[0.3 TO 0.7 a", And((Between("churn", 0.3, 0.7), A))),
    ("churn@Globex:>0.12345678", Between("churn", 0.12345678, None, low_counts=False, brand="Globex")),
    ("churn:>0.00001", Between("churn", 0.00001, None, low_counts=False)),
    # times
    ("after:2026-01-31", Published(after=datetime(2026, 1, 31, tzinfo=UTC))),
    ("before:2026-01-31T12:30+02:00", Published(before=datetime(2026, 1, 31, 10, 30, tzinfo=UTC))),
    ("last:7d", Last(timedelta(days=7), "7d")),
    ("last:24H", Last(timedelta(days=1), "24h")),
    ("last:2w", Last(timedelta(days=14), "2w")),
    # nothing asked
    ("", Everything()),
    ("   \t\n", Everything()),
    # an address pasted as it is
    ("https://acme.example/a-b?c=d#e", phrase("https acme example a b c d e")),
    ("10:30", phrase("10 30")),
]


@pytest.mark.parametrize(("written", "node"), READS, ids=[written or "nothing" for written, _ in READS])
def test_a_query_is_read_as_the_grammar_says_and_nothing_is_underlined(written: str, node: Node) -> None:
    query = parse(written)
    assert query.node == node
    assert query.problems == ()


@pytest.mark.parametrize("name", FREE_FIELDS)
def test_every_field_of_free_text_takes_a_value(name: str) -> None:
    assert parse(f"{name}:x").node == OneOf(name, ("x",))


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in CLOSED_FIELDS.items() for value in values]
)
def test_every_value_of_a_closed_field_is_known(name: str, value: str) -> None:
    query = parse(f"{name}:{value.upper()}")
    assert query.node == OneOf(name, (value,))
    assert not query.problems


def test_every_field_and_value_that_the_design_names_is_known() -> None:
    named = (
        "text title author source lang watch product rival sentiment churn intent stage status assignee tag "
        "account url thread is has after before last"
    )
    assert set(named.split()) == FIELD_NAMES
    assert {
        "open",
        "waiting",
        "snoozed",
        "resolved",
        "ignored",
        "unanswered",
        "mine",
        "pinned",
        "duplicate",
        "context",
    } == set(CLOSED_FIELDS["is"])
    assert {"note", "reply", "link", "rating", "correction"} == set(CLOSED_FIELDS["has"])


#: Written, read as, what is underlined, a part of the message.
MISREADS: list[tuple[str, str, list[str], str]] = [
    ('slow "never closed', 'slow "never closed"', ['"never closed'], "closed at the end"),
    ('author:"never closed', 'author:"never closed"', ['author:"never closed'], "closed at the end"),
    ("(slow OR broken", "slow OR broken", ["("], "closed at the end"),
    ("slow) broken", "slow broken", [")"], "left out"),
    ("slow OR", "slow", ["OR"], "left out"),
    ("OR slow", "slow", ["OR"], "left out"),
    ("slow NOT", "slow", ["NOT"], "ignored"),
    ("slow -", "slow", ["-"], "left out"),
    ("*slow", "slow", ["*slow"], "left out"),
    ("s*", "s", ["s*"], "at least 2"),
    ("sl*w", '"sl w"', ["sl*w"], "phrase"),
    ("foo:bar slow", '"foo bar" slow', ["foo:bar"], "no field 'foo'"),
    ("author: slow", "slow", ["author:"], "needs a value"),
    ("is:'' slow", "slow", ["is:''"], "knows open"),
    ('is:"\u00a0" slow', "slow", ['is:"\u00a0"'], "needs a value"),
    ("sentiment:bad slow", "slow", ["sentiment:bad"], "knows negative, neutral, positive"),
    ("sentiment:ne slow", "slow", ["sentiment:ne"], "knows negative"),
    ("churn:>70 slow", "slow", ["churn:>70"], "from 0 to 1"),
    ("churn:>much slow", "slow", ["churn:>much"], "takes >0.7"),
    ("churn:[0.7 TO 0.3] slow", "slow", ["churn:[0.7 TO 0.3]"], "smaller number"),
    ("churn:[0.3 slow", "slow", ["churn:[0.3"], "takes >0.7"),
    ("last:week slow", "slow", ["last:week"], "such as 7d"),
    ("after:yesterday slow", "slow", ["after:yesterday"], "2026-01-31"),
    ("after:0001-01-01T00:00+14:00 slow", "slow", ["after:0001-01-01T00:00+14:00"], "2026-01-31"),
    ("author@Globex:ada slow", "slow", ["author@Globex:ada"], "toward a brand"),
    ("%%% slow", "slow", ["%%%"], "no letter or digit"),
    ("🔥 slow", "slow", ["🔥"], "no letter or digit"),
    ('"" slow', "slow", ['""'], "no letter or digit"),
]


@pytest.mark.parametrize(("written", "read_as", "marked", "message"), MISREADS, ids=[m[0] for m in MISREADS])
def test_what_cannot_be_read_is_underlined_explained_and_the_rest_still_searches(
    written: str, read_as: str, marked: list[str], message: str
) -> None:
    query = parse(written)
    assert query.read_as == read_as
    assert underlined(query) == marked
    assert message in messages(query)


@pytest.mark.parametrize(
    "written",
    [
        "()",
        "((((",
        "))))",
        '"',
        '""',
        '"""',
        "-",
        "--",
        "---",
        "-()",
        "- - -",
        "OR OR",
        "NOT NOT",
        "*",
        "***",
        "(-)",
        ",",
        ":",
        "::",
        "[",
        "]",
    ],
)
def test_a_query_without_a_letter_or_digit_finds_everything_and_says_so(written: str) -> None:
    query = parse(written)
    assert query.node == Everything()
    assert query.problems


def test_more_than_512_characters_are_cut_and_the_cut_is_underlined() -> None:
    query = parse("slow " * 200)
    assert (query.problems[-1].start, query.problems[-1].end) == (MAX_LENGTH, 1000)
    assert "512" in query.problems[-1].message


def test_only_64_clauses_are_searched_and_each_one_beyond_is_underlined() -> None:
    query = parse(" ".join(f"w{number}" for number in range(80)))
    assert len(list(leaves(query.node))) == MAX_CLAUSES
    assert underlined(query) == [f"w{number}" for number in range(64, 80)]


def test_words_after_a_field_count_as_clauses_each() -> None:
    query = parse("title:" + ",".join("ab" for _ in range(100)))
    assert len(list(leaves(query.node))) == MAX_CLAUSES
    assert query.problems


def _depth(node: Node) -> int:
    match node:
        case And(nodes) | Or(nodes):
            return 1 + max(map(_depth, nodes))
        case Not(child):
            return 1 + _depth(child)
        case _:
            return 0


def _nested(levels: int) -> str:
    return "".join("(a OR -" for _ in range(levels)) + "b" + ")" * levels


def test_ten_brackets_deep_are_read_as_written() -> None:
    query = parse(_nested(MAX_DEPTH))
    assert not query.problems
    assert parse(query.read_as).node == query.node


def test_the_eleventh_bracket_no_longer_groups_and_its_closing_half_goes_with_it() -> None:
    query = parse("(" * 11 + "a" + ")" * 11 + " b")
    assert query.node == And((A, B))
    assert [(problem.start, problem.end) for problem in query.problems] == [(10, 11)]


def test_a_group_that_lies_too_deep_is_left_out_where_reading_it_would_turn_its_meaning_round() -> None:
    query = parse("(" * 10 + "a -(b c) d" + ")" * 10)
    assert query.node == And((A, words("d")))
    assert len(query.problems) == 1


@pytest.mark.parametrize(
    "written",
    [
        "(" * 100_000,
        "-(" * 50_000,
        '"' * 100_000,
        "a*" * 50_000,
        "a OR " * 20_000,
        "churn:[" * 14_000,
        "製" * 100_000,
        "(a " * 33_000,
        'author:"' * 12_500,
        "a\u0301" * 50_000,
        " " * 100_000,
    ],
)
def test_100_kilobytes_are_read_at_once(written: str) -> None:
    before = time.process_time()
    query = parse(written)
    assert time.process_time() - before < 1.0
    assert _depth(query.node) <= 2 * MAX_DEPTH + 2


def check(written: str) -> None:
    """Whatever was written: it reads, its problems lie inside it and explain themselves, it reads again."""
    query = parse(written)
    query.written.encode()
    assert len(query.written) == len(written)
    for problem in query.problems:
        assert 0 <= problem.start < problem.end <= len(written)
        assert len(problem.message) > 10
    assert list(query.problems) == sorted(query.problems, key=lambda problem: problem.start)
    query.read_as.encode()
    if len(query.read_as) <= MAX_LENGTH:
        assert parse(query.read_as).node == query.node
        assert not parse(query.read_as).problems
    for leaf in leaves(query.node):
        if isinstance(leaf, Words):
            assert leaf.text
    assert len(list(leaves(query.node))) <= MAX_CLAUSES


def test_there_are_at_least_515_naughty_strings() -> None:
    assert len(set(NAUGHTY)) >= 515


@pytest.mark.parametrize("at", range(0, len(NAUGHTY), 50))
def test_naughty_strings_are_read_alone_quoted_negated_and_after_every_field(at: int) -> None:
    for text in NAUGHTY[at : at + 50]:
        check(text)
        check(f'"{text}"')
        check(f"-{text}")
        check(f"slow OR {text}")
        for name in sorted(FIELD_NAMES):
            check(f"{name}:{text}")
            check(f'{name}:"{text}"')


PIECES = st.sampled_from(
    [
        *(
            "(",
            ")",
            '"',
            "-",
            "*",
            ":",
            ",",
            " ",
            "OR ",
            " OR ",
            "NOT ",
            "AND ",
            "[",
            "]",
            " TO ",
            ">",
            "<=",
            "@",
            "=",
            "“",
            "：",
        ),
        *(
            "a",
            "slow",
            "Ärger",
            "製品",
            "हिन्दी",
            "0.5",
            "7d",
            "2026-01-31",
            "T10:00Z",
            "+14:00",
            "9" * 20,
            "yes",
            "neg",
            "\x00",
            "\ud800",
        ),
        *(f"{name}:" for name in sorted(FIELD_NAMES)),
        *("churn@Globex:", 'churn@"Two Words":', "http://x.example/"),
    ]
)


@settings(max_examples=1500, deadline=None)
@given(st.lists(PIECES, max_size=30).map("".join))
@example("churn@,:yes")
def test_whatever_is_put_together_from_the_grammar_reads_and_reads_again_the_same(written: str) -> None:
    check(written)


@settings(max_examples=500, deadline=None)
@given(st.text(st.characters(codec=None), max_size=200))
def test_whatever_is_typed_reads_and_reads_again_the_same(written: str) -> None:
    check(written)


NAMES = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8)
LEAVES = st.one_of(
    NAMES.map(lambda text: parse(text).node),
    NAMES.map(lambda text: parse(f'"{text} {text}"').node),
    st.builds(
        lambda name, values: OneOf(name, tuple(values)),
        st.sampled_from(FREE_FIELDS),
        st.lists(
            st.text(
                st.characters(exclude_characters='"“”„‟«»＂（）：\x00', exclude_categories=["Cs"]),
                min_size=1,
                max_size=12,
            )
            .map(str.strip)
            .filter(bool),
            min_size=1,
            max_size=3,
        ),
    ),
    st.builds(
        lambda low, high, brand: Between("churn", min(low, high), max(low, high), brand=brand),
        st.floats(0, 1),
        st.floats(0, 1),
        st.none() | NAMES,
    ),
    st.datetimes(timezones=st.just(UTC)).map(lambda moment: Published(after=moment)),
    st.datetimes(timezones=st.just(UTC)).map(lambda moment: Published(before=moment)),
).filter(lambda node: not isinstance(node, Everything))


def _several(kind: type[And | Or]) -> object:
    return lambda nodes: kind(tuple(nodes))


TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner.filter(lambda node: not isinstance(node, And)), min_size=2, max_size=3).map(
            _several(And)
        ),
        st.lists(inner.filter(lambda node: not isinstance(node, Or)), min_size=2, max_size=3).map(
            _several(Or)
        ),
        inner.filter(lambda node: not isinstance(node, Not)).map(Not),
    ),
    max_leaves=8,
)


@settings(max_examples=500, deadline=None)
@given(TREES)
def test_every_tree_can_be_written_down_and_read_back(node: Node) -> None:
    written = render(node)
    if len(written) <= MAX_LENGTH and _depth(node) < MAX_DEPTH:
        assert parse(written).node == node
        assert not parse(written).problems


def test_a_range_of_time_inside_another_node_keeps_its_two_ends_together() -> None:
    both = Published(after=datetime(2026, 1, 1, tzinfo=UTC), before=datetime(2026, 2, 1, tzinfo=UTC))
    assert render(Not(both)) == "-(after:2026-01-01 before:2026-02-01)"
    assert render(both) == "after:2026-01-01 before:2026-02-01"


def test_highlights_ask_only_for_words_that_a_hit_may_contain() -> None:
    node = parse("slow (billing OR refund) -praise source:reddit").node
    assert [word.text for word in positive_words(node)] == ["slow", "billing", "refund"]


def test_the_part_that_was_not_read_is_quoted_as_it_was_written() -> None:
    assert underlined(parse("slow “never closed")) == ["“never closed"]
