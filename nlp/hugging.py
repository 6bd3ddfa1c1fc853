"""Any Hugging Face sequence classifier behind the same port. Needs the `train` extra."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core.errors import ConfigError, ModelRefused
from core.labelling import LabelRequest
from core.labels import Labels, Sentiment, Tone
from nlp.language import UNKNOWN, language_of
from nlp.text import has_words, readable

#: What classes are commonly called.
_USUAL = {
    "neg": Tone.NEGATIVE,
    "negative": Tone.NEGATIVE,
    "1 star": Tone.NEGATIVE,
    "2 stars": Tone.NEGATIVE,
    "neu": Tone.NEUTRAL,
    "neutral": Tone.NEUTRAL,
    "3 stars": Tone.NEUTRAL,
    "pos": Tone.POSITIVE,
    "positive": Tone.POSITIVE,
    "4 stars": Tone.POSITIVE,
    "5 stars": Tone.POSITIVE,
}
_BATCH = 16
_MAX_LENGTH = 256


class HuggingLabeller:
    """Answer with the sentiment of a text as a whole; such a model knows no brand and no churn."""

    def __init__(self, name: str, *, label_map: str | None = None, threads: int = 1) -> None:
        """Open a model by directory or name.

        Raises:
            ConfigError: torch is not installed, or what its classes mean is not known.
            ModelRefused: the model does not load.
        """
        try:
            import torch  # noqa: PLC0415 - half a gigabyte that nobody else needs
            import transformers  # noqa: PLC0415
        except ImportError as error:
            raise ConfigError("this model needs torch and transformers: install the 'train' extra") from error
        torch.set_num_threads(threads)
        self._torch = torch
        try:
            self._tokenizer: Any = transformers.AutoTokenizer.from_pretrained(name)
            self._network: Any = transformers.AutoModelForSequenceClassification.from_pretrained(name).eval()
        except (OSError, ValueError, RuntimeError) as error:
            raise ModelRefused(
                f"{name} does not load as a sequence classifier ({error}); name another model"
            ) from error
        self._name = Path(name).name
        self._tones = tones_of_classes(self._network.config.id2label, label_map)

    @property
    def model(self) -> str:
        """The model's own name; it has no version."""
        return f"{self._name}.v0"

    def label(self, requests: Sequence[LabelRequest], *, explain: bool = False) -> list[Labels]:
        """Answer every request, in order; nothing is explained."""
        del explain
        answers: dict[int, Labels] = {}
        todo = []
        for at, request in enumerate(requests):
            if has_words(request.text):
                todo.append(at)
            else:
                answers[at] = self._labels(request, UNKNOWN, not_labelled="text: there are no words in it")
        for start in range(0, len(todo), _BATCH):
            chosen = todo[start : start + _BATCH]
            for at, shares in zip(chosen, self._answer([requests[at].text for at in chosen]), strict=True):
                language = language_of(requests[at].text)
                answers[at] = self._labels(requests[at], language, sentiment=_sentiment(shares, self._tones))
        return [answers[at] for at in range(len(requests))]

    def _answer(self, texts: Sequence[str]) -> list[list[float]]:
        cleaned = [readable(text[: 20 * _MAX_LENGTH]) for text in texts]
        encoded = self._tokenizer(
            cleaned, padding=True, truncation=True, max_length=_MAX_LENGTH, return_tensors="pt"
        )
        with self._torch.inference_mode():
            shares: list[list[float]] = self._network(**encoded).logits.float().softmax(-1).tolist()
        return shares

    def _labels(
        self,
        request: LabelRequest,
        language: str,
        *,
        sentiment: Sentiment | None = None,
        not_labelled: str | None = None,
    ) -> Labels:
        return Labels(
            brand=request.brand.name if request.brand else "",
            model=self.model,
            language=language,
            sentiment=sentiment,
            not_labelled=not_labelled,
        )


def tones_of_classes(classes: Mapping[int, str], label_map: str | None) -> list[Tone]:
    """Return the tone that each class of a model means.

    Raises:
        ConfigError: a class is not told by its own name nor by the map.
    """
    told = dict(_USUAL)
    for pair in (label_map or "").split(","):
        if not pair.strip():
            continue
        name, found, tone = pair.partition("=")
        if not found or tone.strip() not in {known.value for known in Tone}:
            raise ConfigError(
                f"{pair!r} is no part of a label map; write CLASS=negative, CLASS=neutral or CLASS=positive"
            )
        told[name.strip().casefold()] = Tone(tone.strip())
    unknown = [name for name in classes.values() if name.casefold() not in told]
    if unknown:
        raise ConfigError(
            f"what do {', '.join(unknown)} mean? say it with --label-map {unknown[0]}=negative,…"
        )
    return [told[classes[number].casefold()] for number in sorted(classes)]


def _sentiment(shares: Sequence[float], tones: Sequence[Tone]) -> Sentiment:
    total = dict.fromkeys(Tone, 0.0)
    for share, tone in zip(shares, tones, strict=True):
        total[tone] += share
    whole = sum(total.values()) or 1.0
    return Sentiment(**{tone.value: min(1.0, share / whole) for tone, share in total.items()})
