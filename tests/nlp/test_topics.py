"""Topics: groups that are alike, ids that last, names that tell."""

from __future__ import annotations

import numpy as np

from nlp.topics import groups

THEMES = {
    "export": ["The export cuts the last column", "Export to a file fails", "Weekly export is empty again"],
    "invoice": ["The invoice came twice", "Wrong invoice address", "Who sends the invoice"],
}


def vectors(texts: list[str]) -> np.ndarray:
    """Two themes that lie apart, each text a little off its theme."""
    rows = [
        [1.0, 0.02 * at, 0.0] if "xport" in text else [0.0, 0.02 * at, 1.0] for at, text in enumerate(texts)
    ]
    array = np.asarray(rows)
    return np.asarray(array / np.linalg.norm(array, axis=1, keepdims=True))


def test_alike_texts_are_one_topic_named_by_the_word_that_sets_it_apart() -> None:
    texts = [text for said in THEMES.values() for text in said]
    found = groups(vectors(texts), texts, before={}, common=["Acme"])
    assert sorted(group.name.split(", ")[0] for group in found) == ["export", "invoice"]
    assert sorted(at for group in found for at in group.members) == list(range(len(texts)))


def test_a_topic_keeps_its_id_when_more_is_said_of_it() -> None:
    texts = [text for said in THEMES.values() for text in said]
    first = {group.name.split(", ")[0]: group for group in groups(vectors(texts), texts, before={})}
    more = [*texts, "Invoice of May is missing", "The export of the invoice? No, the export of orders"]
    before = {group.key: group.middle for group in first.values()}
    again = {group.name.split(", ")[0]: group.key for group in groups(vectors(more), more, before=before)}
    assert again == {name: group.key for name, group in first.items()}


def test_texts_are_grouped_by_what_they_are_about_and_not_by_how_it_is_said() -> None:
    texts = [text for said in THEMES.values() for text in said] * 4
    kinds = ["positive" if at % 2 else "negative" for at in range(len(texts))]
    # The encoder was taught tone: it lies far apart there, and themes lie near each other.
    rows = vectors(texts) * 0.3 + np.asarray(
        [[0.0, 2.0 if kind == "positive" else -2.0, 0.0] for kind in kinds]
    )
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    by_tone = groups(rows, texts, before={})
    assert all(len({kinds[at] for at in group.members}) == 1 for group in by_tone)
    by_theme = groups(rows, texts, kinds=kinds, before={})
    assert sorted(group.name.split(", ")[0] for group in by_theme) == ["export", "invoice"]


def test_hardly_anything_said_is_no_topic() -> None:
    assert groups(vectors(["The export fails"]), ["The export fails"], before={}) == []
