"""Markup to plain text: paragraphs apart by a blank line, entities decoded, links as their whole address."""

from __future__ import annotations

import html as entities
import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

#: Elements that stand on lines of their own.
LINES = frozenset(
    [
        "address",
        "article",
        "aside",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "header",
        "hr",
        "legend",
        "li",
        "main",
        "nav",
        "option",
        "section",
        "summary",
        "details",
        "tr",
        "caption",
    ]
)
#: Elements that stand apart by a blank line.
PARAGRAPHS = frozenset(["blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "table", "ul"])
#: Elements whose content is not said to a reader.
SILENT = frozenset(
    [
        "script",
        "style",
        "template",
        "noscript",
        "head",
        "title",
        "iframe",
        "object",
        "svg",
        "math",
        "select",
        "textarea",
    ]
)
#: Elements that keep what follows from running into what came before.
CELLS = frozenset(("td", "th"))

_SPACES = re.compile(r"[ \t\n\r\f\v]+")
_MARKUP = re.compile(r"<[a-zA-Z/!?]|&(?:#\d|#[xX][0-9a-fA-F]|[a-zA-Z])")


def html_to_text(html: str) -> str:
    """Return what a reader of `html` sees, as plain text.

    The invisible halves of shortened Mastodon links are kept, so that a link reads as its whole address.
    Nesting is walked without recursion: 50,000 levels cost time, not the stack.
    """
    if "<" not in html:
        return _collapse(entities.unescape(html))
    body = LexborHTMLParser(html).body
    if body is None:
        return ""
    writer = _Writer()
    _walk(body, writer)
    return writer.text()


def one_line(title: str) -> str:
    """Return a title that is plain text on one line; `Vec<T>` stays what it is."""
    return " ".join(title.split())


def plain_title(title: str) -> str:
    """Return a title on one line, with markup removed where it holds any."""
    return " ".join((html_to_text(title) if _MARKUP.search(title) else title).split())


def _collapse(text: str) -> str:
    return _SPACES.sub(" ", text).strip(" ")


class _Writer:
    """Collects text, and keeps the white space of HTML from showing."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        #: Line breaks owed before the next text: 0, 1 or 2.
        self.breaks = 0
        #: A space is owed before the next text on the same line.
        self.space = False
        self.pre = 0

    def write(self, text: str) -> None:
        """Add running text."""
        if self.pre:
            self._put(text)
            return
        words = _SPACES.sub(" ", text)
        if words in ("", " "):
            self.space = self.space or bool(words)
            return
        self.space = self.space or words[0] == " "
        self._put(words.strip(" "))
        self.space = words[-1] == " "

    def break_line(self, breaks: int) -> None:
        """Make sure that the next text stands on a new line (1) or apart by a blank one (2)."""
        self.breaks = max(self.breaks, breaks)
        self.space = False

    def newline(self) -> None:
        """Add a line break of the author's own; two of them make a blank line."""
        self.breaks = min(self.breaks + 1, 2)
        self.space = False

    def text(self) -> str:
        """Return what was written."""
        return "".join(self.parts).rstrip()

    def _put(self, text: str) -> None:
        if not text:
            return
        if self.parts:
            self.parts.append("\n" * self.breaks if self.breaks else " " if self.space else "")
        self.parts.append(text)
        self.breaks, self.space = 0, False


def _walk(root: LexborNode, writer: _Writer) -> None:
    node: LexborNode | None = root.child
    while node is not None:
        if node.is_text_node:
            writer.write(node.text_content or "")
        elif node.is_element_node and node.tag not in SILENT:
            _enter(node.tag or "", writer)
            if node.child is not None:
                node = node.child
                continue
            _leave(node.tag or "", writer)
        node = _after(node, root, writer)


def _after(node: LexborNode, root: LexborNode, writer: _Writer) -> LexborNode | None:
    """Return what follows `node` in reading order, leaving the elements that end before it."""
    current: LexborNode | None = node
    while current is not None and current.next is None:
        current = current.parent
        if current is None or current.mem_id == root.mem_id:
            return None
        _leave(current.tag or "", writer)
    return current.next if current is not None else None


def _enter(tag: str, writer: _Writer) -> None:
    if tag == "br":
        writer.newline()
    elif tag in PARAGRAPHS:
        writer.break_line(2)
    elif tag in LINES:
        writer.break_line(1)
    elif tag in CELLS:
        writer.space = True
    if tag == "pre":
        writer.pre += 1


def _leave(tag: str, writer: _Writer) -> None:
    if tag in PARAGRAPHS:
        writer.break_line(2)
    elif tag in LINES:
        writer.break_line(1)
    if tag == "pre":
        writer.pre -= 1
