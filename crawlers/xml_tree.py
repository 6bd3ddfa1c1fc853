"""XML of strangers as a tree: no entities, no network, no files, no schema, bounded depth."""

from __future__ import annotations

from lxml import etree

from core.errors import SourceBlocked, SourceChanged


def read_xml(body: bytes, expected: str) -> etree._Element:
    """Return the root of a document.

    libxml2 itself refuses more than 256 levels, and texts above 10 MB, unless it is told to be lenient.

    Raises:
        SourceBlocked: it is a web page, such as an error in words.
        SourceChanged: it is no XML.
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        recover=True,
        huge_tree=False,
    )
    try:
        root = etree.fromstring(body.lstrip(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise SourceChanged(f"no XML ({error}); {expected}") from None
    if root is None:
        raise SourceChanged(f"no XML; {expected}")
    if name_of(root).lower() in ("html", "error", "errors"):
        raise SourceBlocked(
            f"a web page or an error instead of an answer: {text_within(root).strip()[:99]!r}"
        )
    return root


def name_of(element: etree._Element) -> str:
    """Return an element's name without its namespace; empty for a comment."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def child(element: etree._Element, *names: str) -> etree._Element | None:
    """Return the first element down that way, whatever the namespaces."""
    found: etree._Element | None = element
    for name in names:
        if found is None:
            return None
        found = next((one for one in found if name_of(one) == name), None)
    return found


def child_text(element: etree._Element, *names: str) -> str | None:
    """Return the text of the first element down that way; None where it is blank."""
    found = child(element, *names)
    text = text_within(found) if found is not None else ""
    return text if text.strip() else None


def text_within(element: etree._Element) -> str:
    """Return all text of an element."""
    return "".join(part for part in element.itertext() if isinstance(part, str))
