"""A labeller that goes by words: a second implementation of the port, whose answers a test can foresee."""

from __future__ import annotations

from collections.abc import Sequence

from core.labelling import LabelRequest
from core.labels import Churn, ChurnReason, Intent, Labels, Sentiment, Span


class WordLabeller:
    """Take `leaving` for churn, `hate` for negative, `love` for positive, and `?` for a question."""

    def __init__(self, model: str = "words.v1") -> None:
        self._model = model
        #: Texts of each call, and whether they were to be explained.
        self.calls: list[tuple[list[str], bool]] = []

    @property
    def model(self) -> str:
        """`words.v1`, or what the test wants."""
        return self._model

    def label(self, requests: Sequence[LabelRequest], *, explain: bool = False) -> list[Labels]:
        """Answer every request, in order."""
        self.calls.append(([request.text for request in requests], explain))
        return [self._answer(request, explain=explain) for request in requests]

    def _answer(self, request: LabelRequest, *, explain: bool) -> Labels:
        brand = request.brand.name if request.brand else ""
        text = request.text.casefold()
        if "ñ" in text:
            return Labels(brand=brand, model=self.model, language="es", not_labelled="language")
        negative, positive = (0.8 if "hate" in text else 0.1), (0.8 if "love" in text else 0.1)
        leaving = "leaving" in text
        return Labels(
            brand=brand,
            model=self.model,
            sentiment=Sentiment(negative=negative, neutral=1 - negative - positive, positive=positive),
            churn=Churn(p=0.9 if leaving else 0.1, reasons={ChurnReason.SWITCHING: 0.8} if leaving else {}),
            intents={Intent.QUESTION: 0.9 if "?" in text else 0.1},
            language="en",
            churn_spans=self._spans(text, "leaving") if explain else (),
            sentiment_spans=self._spans(text, "hate") if explain else (),
        )

    @staticmethod
    def _spans(text: str, word: str) -> tuple[Span, ...]:
        start = text.find(word)
        return (Span(start=start, end=start + len(word), weight=0.5),) if start >= 0 else ()
