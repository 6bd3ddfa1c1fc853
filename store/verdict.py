"""What searches take labels to say, after people's corrections; the same in every engine.

Churn is `yes` from p = 0.5 on; its reason is the likeliest one; an intent counts from p = 0.5 on. The newest
correction toward a brand stands above the labels in what it names: a tone, or churn as 1 or 0.
"""

from __future__ import annotations

from typing import NamedTuple

from core.labels import ChurnReason, Intent, Labels, Tone
from core.thread import Correction

#: A probability from which on something is taken for said.
SAID = 0.5
#: Stands for "nobody knows" where a probability would stand; sorts after all others.
UNKNOWN = -1.0

TONES = {tone.value: 1 << place for place, tone in enumerate(Tone)}
CHURNS = {
    word: 1 << place for place, word in enumerate(("yes", "no", *(reason.value for reason in ChurnReason)))
}
INTENTS = {intent.value: 1 << place for place, intent in enumerate(Intent)}


class Verdict(NamedTuple):
    """What counts toward one brand: a churn probability and three sets of bits."""

    risk: float = UNKNOWN
    tones: int = 0
    churns: int = 0
    intents: int = 0


def verdict(labels: Labels | None, correction: Correction | None = None) -> Verdict:
    """Return what labels and the newest correction toward the same brand say together."""
    tone = labels.sentiment.tone.value if labels and labels.sentiment else None
    churn = labels.churn if labels else None
    risk = churn.p if churn else UNKNOWN
    if correction and correction.tone is not None:
        tone = correction.tone
    if correction and correction.churn is not None:
        risk = float(correction.churn)
    churns = 0
    if risk >= SAID:
        reason = churn.reason if churn else None
        churns = CHURNS["yes"] | (CHURNS[reason.value] if reason else 0)
    elif risk != UNKNOWN:
        churns = CHURNS["no"]
    intents = sum(INTENTS[name.value] for name, p in labels.intents.items() if p >= SAID) if labels else 0
    return Verdict(risk, TONES.get(tone or "", 0), churns, intents)


def names(bits: int, known: dict[str, int]) -> list[str]:
    """Return the names of the set bits."""
    return [name for name, bit in known.items() if bits & bit]


def language_of(said_by_labels: list[str], source: str | None) -> str:
    """Return a mention's language: what labels recognised first, else what its source says, else `und`."""
    recognised = next((language for language in said_by_labels if language and language != "und"), None)
    return (recognised or source or "und").replace("_", "-").lower()
