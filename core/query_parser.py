"""Read the query language (DESIGN §7) without ever failing.

What cannot be read as written becomes a `Problem` with its place, and the rest still searches:

    query   = any ; any = all ("OR" all)* ; all = one+ ; one = ["-" | "NOT"] atom
    atom    = "(" any ")" | '"' phrase '"' | field ":" value | word ["*"]
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.query import And, Everything, Match, Node, Not, Or, Problem, Query, Where, Words
from core.query_fields import FIELD_NAMES, FieldError, read_field
from core.tokens import token_texts, tokenise

MAX_LENGTH = 512
MAX_CLAUSES = 64
MAX_DEPTH = 10
MIN_PREFIX = 2

UNCLOSED_QUOTE = "this quote is never closed; it was closed at the end"

#: One of the words or phrases after `title:` or `text:`.
TEXT_VALUE = re.compile(r'"([^"]*)"?|([^",]+)')

LEXEME = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<open>\()
  | (?P<close>\))
  | (?P<minus>-(?=[^\s)]))
  | (?P<field>[A-Za-z]+(?:@(?:"[^"]*"|[^\s:"()]+))?:)
  | (?P<phrase>"[^"]*"?)
  | (?P<word>[^\s()"]+)
    """,
    re.VERBOSE,
)

#: The value of a field: a range in brackets, or values with commas between them, quoted or bare.
VALUE = re.compile(r'\[\s*[^\s\]()]*(?:\s+(?i:TO)\s+[^\s\]()]*\s*\]?|\s*\])|(?:"[^"]*"?|[^\s()",]+|,)+')

#: What telephones and input methods type for `"`, `(`, `)` and `:`, one for one, so that places stay.
TYPED = str.maketrans("“”„‟«»＂（）：", '"""""""():')

#: Characters that no store can keep; each becomes U+FFFD.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(slots=True)
class _Lexeme:
    kind: str
    text: str
    start: int
    end: int
    value: str = ""


@dataclass(slots=True)
class _Parser:
    written: str
    lexemes: list[_Lexeme] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    at: int = 0
    clauses: int = 0
    #: Brackets opened beyond the depth allowed whose other halves are still to come.
    ungrouped: int = 0

    def any(self, depth: int) -> Node:
        """Read alternatives with OR between them."""
        nodes = [self.all(depth)]
        while self.peek() == "or":
            lexeme = self.take()
            following = self.all(depth)
            if isinstance(following, Everything) or isinstance(nodes[-1], Everything):
                self.problem(lexeme, "OR needs words on both sides; it was left out")
            nodes.append(following)
        kept = [node for node in nodes if not isinstance(node, Everything)]
        return _group(Or, kept)

    def all(self, depth: int) -> Node:
        """Read clauses that must all hold."""
        nodes: list[Node] = []
        while (kind := self.peek()) not in ("end", "or"):
            if kind == "close":
                if self.ungrouped:
                    self.ungrouped -= 1
                    self.take()
                    continue
                if depth:
                    break
                self.problem(self.take(), "this bracket closes nothing; it was left out")
                continue
            node = self.one(depth)
            if not isinstance(node, Everything):
                nodes.append(node)
        return _group(And, nodes)

    def one(self, depth: int) -> Node:
        """Read one clause, negated or not."""
        negations = 0
        while self.peek() in ("minus", "not"):
            lexeme = self.take()
            negations += 1
            if self.peek() in ("end", "or", "close"):
                self.problem(lexeme, "there is nothing to leave out after this; it was ignored")
                return Everything()
        if negations % 2 and depth >= MAX_DEPTH and self.peek() == "open":
            return self.skipped()
        node = self.atom(depth)
        if negations % 2 == 0 or isinstance(node, Everything):
            return node
        return Not(node)

    def atom(self, depth: int) -> Node:
        """Read a group, a phrase, a field or a word."""
        lexeme = self.take()
        if lexeme.kind == "open":
            return self.group(lexeme, depth)
        if not self.counted(lexeme):
            return Everything()
        if lexeme.kind == "field":
            return self.field(lexeme)
        if lexeme.kind == "phrase":
            return self.phrase(lexeme, lexeme.text, Where.ANYWHERE)
        return self.word(lexeme, lexeme.text, Where.ANYWHERE)

    def skipped(self) -> Node:
        """Leave out a negated group that lies too deep: without its brackets it would mean the reverse."""
        first, still_open = self.take(), 1
        while still_open and self.peek() != "end":
            still_open += {"open": 1, "close": -1}.get(self.take().kind, 0)
        self.problem(first, f"brackets nest at most {MAX_DEPTH} deep; what is in this one was left out")
        return Everything()

    def counted(self, lexeme: _Lexeme) -> bool:
        """Count one clause; tell whether it is still among those that are searched."""
        self.clauses += 1
        if self.clauses > MAX_CLAUSES:
            self.problem(lexeme, f"only {MAX_CLAUSES} clauses are searched; this one was left out")
        return self.clauses <= MAX_CLAUSES

    def group(self, lexeme: _Lexeme, depth: int) -> Node:
        """Read what stands in brackets; deeper than allowed the brackets no longer group."""
        if depth >= MAX_DEPTH:
            self.ungrouped += 1
            self.problem(lexeme, f"brackets nest at most {MAX_DEPTH} deep; this one no longer groups")
            return Everything()
        before = len(self.problems)
        node = self.any(depth + 1)
        if self.peek() == "close":
            self.take()
        else:
            self.problem(lexeme, "this bracket is never closed; it was closed at the end")
        if isinstance(node, Everything) and len(self.problems) == before:
            self.problem(lexeme, "there is nothing in these brackets; they were left out")
        return node

    def field(self, lexeme: _Lexeme) -> Node:
        """Read `field:value`; an unknown field is read as words, so a pasted address just works."""
        name, _, brand = lexeme.text.removesuffix(":").partition("@")
        if name.lower() not in FIELD_NAMES:
            whole = lexeme.text + lexeme.value
            if not lexeme.value.startswith("//"):
                self.problem(lexeme, f"there is no field {name!r}; it was read as words")
            return self.phrase(lexeme, whole, Where.ANYWHERE)
        if not lexeme.value.strip('", '):
            self.problem(lexeme, f"{name}: needs a value; it was left out")
            return Everything()
        if lexeme.value.count('"') % 2:
            self.problem(lexeme, UNCLOSED_QUOTE)
        if name.lower() in ("title", "text"):
            return self.text_field(lexeme, Where(name.lower()))
        try:
            return read_field(name.lower(), brand.strip('"') or None, lexeme.value)
        except FieldError as error:
            self.problem(lexeme, f"{error}; it was left out")
            return Everything()

    def text_field(self, lexeme: _Lexeme, where: Where) -> Node:
        """Read words that must stand in the title, or in the text: any of those with commas between them."""
        kept: list[Node] = []
        for at, match in enumerate(TEXT_VALUE.finditer(lexeme.value)):
            quoted, bare = match.groups()
            if at and not self.counted(lexeme):
                break
            node = self.word(lexeme, bare, where) if bare else self.words(lexeme, quoted, Match.PHRASE, where)
            kept.append(node)
        return _group(Or, [node for node in kept if not isinstance(node, Everything)])

    def phrase(self, lexeme: _Lexeme, text: str, where: Where) -> Node:
        """Read words in quotes."""
        if text.startswith('"') and (len(text) == 1 or not text.endswith('"')):
            self.problem(lexeme, UNCLOSED_QUOTE)
        return self.words(lexeme, text.strip('"'), Match.PHRASE, where)

    def word(self, lexeme: _Lexeme, text: str, where: Where) -> Node:
        """Read a bare word or a prefix."""
        stem = text.rstrip("*")
        if stem.startswith("*"):
            self.problem(lexeme, "a * may only stand at the end of a word; the one in front was left out")
            stem = stem.lstrip("*")
        if "*" in stem:
            self.problem(lexeme, "a * may only stand at the end of a word; the parts were read as a phrase")
        if not text.endswith("*") or not stem:
            return self.words(lexeme, stem or text, Match.WORD, where)
        tokens = tokenise(stem)
        if tokens and (len(tokens) > 1 or len(tokens[0].text) < MIN_PREFIX or tokens[0].end < len(stem)):
            self.problem(lexeme, f"a * goes after one word of at least {MIN_PREFIX} letters; it was left out")
            return self.words(lexeme, stem, Match.WORD, where)
        return self.words(lexeme, stem, Match.PREFIX, where)

    def words(self, lexeme: _Lexeme, text: str, match: Match, where: Where) -> Node:
        """Make a node of words, or nothing where no letter or digit is left to search for."""
        tokens = token_texts(text)
        if not tokens:
            self.problem(lexeme, "there is no letter or digit to search for here; it was left out")
            return Everything()
        if match is Match.WORD and len(tokens) > 1:
            match = Match.PHRASE
        return Words(" ".join(tokens) if match is Match.PHRASE else tokens[0], match, where)

    def peek(self) -> str:
        """Return the kind of the next lexeme, `end` after the last."""
        return self.lexemes[self.at].kind if self.at < len(self.lexemes) else "end"

    def take(self) -> _Lexeme:
        """Return the next lexeme and go on."""
        self.at += 1
        return self.lexemes[self.at - 1]

    def problem(self, lexeme: _Lexeme, message: str) -> None:
        """Remember a part that was not read as written."""
        self.problems.append(Problem(lexeme.start, lexeme.end, message))


def parse(written: str) -> Query:
    """Read a query. Never raises: every text is some query, at worst one that finds everything.

    `Query.written` is the text with each NUL and lone surrogate replaced by U+FFFD.
    """
    written = UNSTORABLE.sub("\ufffd", written)
    parser = _Parser(written)
    text = written.translate(TYPED)
    if len(text) > MAX_LENGTH:
        text = text[:MAX_LENGTH]
        parser.problems.append(
            Problem(MAX_LENGTH, len(written), f"only the first {MAX_LENGTH} characters are searched")
        )
    parser.lexemes = _lexemes(text)
    node = parser.any(0)
    return Query(written, node, tuple(sorted(parser.problems, key=lambda problem: problem.start)))


def _lexemes(text: str) -> list[_Lexeme]:
    lexemes: list[_Lexeme] = []
    at = 0
    while at < len(text):
        match = LEXEME.match(text, at)
        if match is None:  # pragma: no cover - every character begins one of the lexemes
            at += 1
            continue
        kind, part = str(match.lastgroup), match.group()
        at = match.end()
        if kind == "space":
            continue
        if kind == "word" and part in ("OR", "AND", "NOT"):
            if part != "AND":
                lexemes.append(_Lexeme(part.lower(), part, match.start(), at))
            continue
        lexeme = _Lexeme(kind, part, match.start(), at)
        if kind == "field" and (value := VALUE.match(text, at)):
            lexeme.value, lexeme.end, at = value.group(), value.end(), value.end()
        lexemes.append(lexeme)
    return lexemes


def _group(kind: type[And | Or], nodes: Sequence[Node]) -> Node:
    """Join nodes; nested groups of the same kind become one."""
    flat: list[Node] = []
    for node in nodes:
        flat.extend(node.nodes if isinstance(node, kind) else [node])
    if not flat:
        return Everything()
    return flat[0] if len(flat) == 1 else kind(tuple(flat))
