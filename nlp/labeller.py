"""The labeller: by language to a model, by window to the model's answer, by card to labels."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Sequence
from pathlib import Path

from core.labelling import LabelRequest
from core.labels import Labels
from nlp.decoding import labels_of
from nlp.explain import explained
from nlp.language import UNKNOWN, language_of
from nlp.model import Model
from nlp.relevance import RelevanceHead, fit_relevance
from nlp.text import has_words

#: Texts answered together; bounds the memory of a caller who hands over a million.
CHUNK = 256


class ShippedLabeller:
    """Answer with the English model, and with a second one for its languages where there is one.

    The second model is opened when the first text in one of its languages arrives.
    """

    def __init__(self, folder: Path, second: Path | None = None, *, threads: int = 1) -> None:
        self._english = Model(folder, threads=threads)
        self._second_folder = second
        self._second: Model | None = None
        self._second_languages = _languages(second)
        self._threads = threads
        self._opening = threading.Lock()
        #: What people taught of each brand: which texts are about it at all.
        self._relevance: dict[str, RelevanceHead] = {}

    @property
    def model(self) -> str:
        """Name of the model, or of both: an answer of another pair is out of date."""
        name = self._english.card.model
        return name if self._second_folder is None else f"{name}+{self._second_folder.name}"

    def label(self, requests: Sequence[LabelRequest], *, explain: bool = False) -> list[Labels]:
        """Answer every request, in order; see `core.labelling.Labeller`."""
        answers: list[Labels] = []
        for start in range(0, len(requests), CHUNK):
            answers += self._label(requests[start : start + CHUNK], explain=explain)
        return answers

    def teach_relevance(self, brand: str, requests: Sequence[LabelRequest], about: Sequence[bool]) -> None:
        """Fit the brand's relevance head anew on people's verdicts; see `core.labelling.Teachable`.

        Raises:
            InputError: there are too few verdicts of one kind to tell them apart.
        """
        self._relevance[brand] = fit_relevance(requests, about, self._english)

    def _label(self, requests: Sequence[LabelRequest], *, explain: bool) -> list[Labels]:
        answers: dict[int, Labels] = {}
        todo: dict[bool, list[int]] = {False: [], True: []}
        languages = {}
        for at, request in enumerate(requests):
            languages[at] = language_of(request.text) if has_words(request.text) else UNKNOWN
            refusal = self._refusal(request, languages[at])
            if refusal is not None:
                answers[at] = self._refused(request, languages[at], refusal)
            else:
                todo[languages[at] in self._second_languages].append(at)
        for second, chosen in todo.items():
            if chosen:
                model = self._open_second() if second else self._english
                answers |= self._answered(model, requests, chosen, languages, explain=explain)
        return [answers[at] for at in range(len(requests))]

    def _answered(
        self,
        model: Model,
        requests: Sequence[LabelRequest],
        chosen: list[int],
        languages: dict[int, str],
        *,
        explain: bool,
    ) -> dict[int, Labels]:
        rows = model.answer([requests[at] for at in chosen])
        answers = {}
        for at, row in zip(chosen, rows, strict=True):
            brand = requests[at].brand
            answers[at] = labels_of(
                row, model.card, model=self.model, brand=brand.name if brand else "", language=languages[at]
            )
            if explain:
                churn, sentiment = explained(model, requests[at], row)
                answers[at] = dataclasses.replace(answers[at], churn_spans=churn, sentiment_spans=sentiment)
        return self._with_relevance(requests, answers) if model is self._english else answers

    def _with_relevance(
        self, requests: Sequence[LabelRequest], answers: dict[int, Labels]
    ) -> dict[int, Labels]:
        for brand, head in self._relevance.items():
            chosen = [at for at, labels in answers.items() if labels.brand == brand]
            for at, p in zip(chosen, head.p([requests[at] for at in chosen]), strict=True):
                answers[at] = dataclasses.replace(answers[at], relevance=p)
        return answers

    def _refusal(self, request: LabelRequest, language: str) -> str | None:
        if not has_words(request.text):
            return "text: there are no words in it"
        known = (
            language == UNKNOWN
            or language in self._english.card.languages
            or language in self._second_languages
        )
        return None if known else f"language: {language} is not one the model was trained for"

    def _refused(self, request: LabelRequest, language: str, reason: str) -> Labels:
        brand = request.brand.name if request.brand else ""
        return Labels(brand=brand, model=self.model, language=language, not_labelled=reason)

    def _open_second(self) -> Model:
        with self._opening:
            if self._second is None:
                if self._second_folder is None:
                    raise RuntimeError("no text is sent to a second model that there is not")
                self._second = Model(self._second_folder, threads=self._threads)
            return self._second


def _languages(folder: Path | None) -> frozenset[str]:
    if folder is None:
        return frozenset()
    from nlp.card import read_card  # noqa: PLC0415 - only where there is a second model

    return frozenset(read_card(folder).languages)
