"""What a thread says about the people in it: its mentions and their labels, read into evidence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.customers import Handle
from core.labels import ChurnReason, Intent, Labels, Tone
from core.mention import Author, Kind
from core.stages import GOOD, Evidence, Signal
from core.thread import Correction, StoredMention, Thread
from core.watch import Watch

#: From these probabilities on a label is believed.
LIKELY, SURE = 0.6, 0.9
INTENT_LIKELY, PRAISE_SURE = 0.5, 0.7
CHURN_LIKELY = 0.5
#: Longest quote, in characters.
QUOTE = 240
BEST_RATING = 5

_ENDS = re.compile(r"[.!?…。！？]+[\s\"')]|\n")
_CLOUD, _OWN = r"\b(?:saas|cloud|hosted)\b", r"\bon[- ]?prem\w*\b"
_SAAS = re.compile(f"{_CLOUD}.*{_OWN}|{_OWN}.*{_CLOUD}", re.IGNORECASE | re.DOTALL)
_PRICE = re.compile(r"\b(?:re-?negotiat\w+|better (?:price|deal)|price match|discount)\b", re.IGNORECASE)
#: A move that is over, and what says in the words before it that it is not.
_MOVED = re.compile(
    r"\b(?:left|moved|migrated|switched|ported|dropped|cancel+ed|cut over|walked away"
    r"|closed (?:our|my|the) accounts?|(?:is|are|been|'re|'m) off|finished (?:moving|porting|migrating))\b",
    re.IGNORECASE,
)
_NOT_YET = re.compile(
    r"(?:\b(?:not|never|almost|nearly|until|before|if|once|when|unless|should|would|could|might|will|yet)\b"
    r"|n['\u2019]t\b|['\u2019]ll\b)[^.!?\n]{0,24}$",
    re.IGNORECASE,
)
#: Characters before a word of moving that may take it back.
_BEFORE = 40
_SHOPS = {
    ChurnReason.EVALUATING_ALTERNATIVES: "shopping around",
    ChurnReason.PRICE_OR_RENEWAL: "renegotiation",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """Somebody in a thread, and what it says of them."""

    handle: Handle
    author: Author
    evidence: tuple[Evidence, ...]


def read_thread(thread: Thread, watch: Watch) -> list[Heard]:
    """Return everybody who spoke in a thread and is none of us, with what it says of them.

    Those of whom it says nothing are there too, with no evidence: what it said before is over.
    """
    answered = {one.mention.id: one for one in thread.mentions}
    fixed: dict[str, list[Correction]] = {}
    for correction in thread.corrections:
        fixed.setdefault(correction.mention_id, []).append(correction)
    said: dict[Handle, list[Evidence]] = {}
    who: dict[Handle, Author] = {}
    for stored in thread.mentions:
        handle = handle_of(stored)
        if handle is None or stored.own:
            continue
        who[handle] = stored.mention.author
        found = said.setdefault(handle, [])
        if not stored.context and not stored.mention.deleted:
            labels = _toward(stored.mention.labels, watch.product.name)
            word = _newest(fixed.get(stored.mention.id, ()), watch.product.name)
            found += _signs(stored, labels, word, watch, answered)
    ours = [one for one in thread.mentions if one.own]
    return [
        Heard(handle=handle, author=who[handle], evidence=(*found, *_contact(thread, found, ours)))
        for handle, found in said.items()
    ]


def handle_of(stored: StoredMention) -> Handle | None:
    """Return who wrote a mention; None where the source tells nobody."""
    name = stored.mention.author.handle or stored.mention.author.name
    return Handle(source=stored.mention.source, name=name) if name else None


def _signs(
    stored: StoredMention,
    labels: Labels | None,
    word: Correction | None,
    watch: Watch,
    answered: Mapping[str, StoredMention],
) -> Iterator[Evidence]:
    """Yield what one mention is a sign of."""
    tone = _tone(labels, word)
    intents = labels.intents if labels else {}
    tones = labels.sentiment_spans if labels else ()
    quote = _Quoting(stored, tones[0].start if tones else 0)
    good = tone is Tone.POSITIVE or (tone is None and _is(intents, Intent.PRAISE))
    if good:
        yield quote.of(Signal.EXCEEDED if _exceeded(stored, labels) else Signal.SATISFIED)
        if _is(intents, Intent.RECOMMENDATION):
            yield quote.of(Signal.RECOMMENDED)
    if tone is Tone.NEGATIVE or (tone is None and _is(intents, Intent.COMPLAINT)):
        yield quote.of(Signal.UNHAPPY)
    elif _helps(stored, labels, answered):
        yield quote.of(Signal.HELPED)
    if _is(intents, Intent.FEATURE_REQUEST):
        yield quote.of(Signal.WISHED)
    yield from _leaving(stored, labels, word)
    yield from _rivals(stored, watch, quote)


class _Quoting:
    """Makes evidence out of one mention, quoting the sentence around a place."""

    def __init__(self, stored: StoredMention, place: int) -> None:
        self.stored = stored
        self.start, self.end = sentence(stored.mention.said, place)

    def of(self, signal: Signal, detail: str = "") -> Evidence:
        mention = self.stored.mention
        return Evidence(
            signal=signal,
            mention_id=mention.id,
            thread_id=mention.thread_id,
            at=mention.published_at,
            start=self.start,
            end=self.end,
            detail=detail,
        )


def sentence(said: str, place: int) -> tuple[int, int]:
    """Return where the sentence around a place begins and ends, at most `QUOTE` characters."""
    place = min(max(place, 0), max(len(said) - 1, 0))
    start = max((found.end() for found in _ENDS.finditer(said, 0, place)), default=0)
    start = max(start, place - QUOTE // 2) if place - start > QUOTE // 2 else start
    close = _ENDS.search(said, max(place, start + 1))
    end = min(close.end() if close else len(said), start + QUOTE)
    trimmed = said[start:end]
    return start + len(trimmed) - len(trimmed.lstrip()), start + len(trimmed.rstrip())


def _leaving(stored: StoredMention, labels: Labels | None, word: Correction | None) -> Iterator[Evidence]:
    churn = labels.churn if labels else None
    says = word.churn if word is not None and word.churn is not None else None
    leaves = says if says is not None else churn is not None and churn.p >= CHURN_LIKELY
    reason = churn.reason if churn else None
    spans = labels.churn_spans if labels else ()
    quote = _Quoting(stored, spans[0].start if spans else 0)
    if leaves:
        gone = reason is ChurnReason.ALREADY_LEFT or (
            reason is ChurnReason.SWITCHING and _has_moved(stored.mention.said)
        )
        yield quote.of(Signal.LEFT if gone else Signal.LEAVING, reason.value if reason else "")
    said = stored.mention.said
    shops = _SHOPS.get(reason, "") if leaves and reason else ""
    shops = shops or ("SaaS or on-premise" if _SAAS.search(said) else "")
    shops = shops or ("renegotiation" if _PRICE.search(said) else "")
    if shops:
        yield quote.of(Signal.SHOPPING, shops)


def _has_moved(said: str) -> bool:
    """Tell whether a switch is told as done: the reason names where they go, not whether they went."""
    return any(
        not _NOT_YET.search(said, max(0, found.start() - _BEFORE), found.start())
        for found in _MOVED.finditer(said)
    )


def _rivals(stored: StoredMention, watch: Watch, quote: _Quoting) -> Iterator[Evidence]:
    for brand in watch.brands_in(stored.mention.said):
        if brand.name != watch.product.name:
            tone = _tone(_toward(stored.mention.labels, brand.name), None)
            yield quote.of(Signal.RIVAL, f"{brand.name}: {tone.value}" if tone else brand.name)


def _contact(thread: Thread, found: Sequence[Evidence], ours: Sequence[StoredMention]) -> Iterator[Evidence]:
    """Yield that we answered somebody, or that good words wait for an answer."""
    good = [one for one in found if one.signal in GOOD]
    theirs = [one.at for one in found]
    later = [one for one in ours if theirs and one.mention.published_at >= min(theirs)]
    if later:
        newest = max(later, key=lambda one: one.mention.published_at)
        yield Evidence(
            signal=Signal.TOUCHED,
            mention_id=newest.mention.id,
            thread_id=thread.id,
            at=newest.mention.published_at,
        )
    if good:
        last = max(good, key=lambda one: one.at)
        if not any(one.mention.published_at >= last.at for one in later):
            yield Evidence(
                signal=Signal.OWED,
                mention_id=last.mention_id,
                thread_id=thread.id,
                at=last.at,
                start=last.start,
                end=last.end,
            )


def _helps(stored: StoredMention, labels: Labels | None, known: Mapping[str, StoredMention]) -> bool:
    """Tell whether a mention answers somebody else's question."""
    if labels is not None and _is(labels.intents, Intent.QUESTION):
        return False
    asked = known.get(stored.mention.parent_id or "")
    if asked is None or asked.own or handle_of(asked) == handle_of(stored):
        return False
    questions = any(_is(one.intents, Intent.QUESTION) for one in asked.mention.labels)
    return stored.mention.kind is Kind.ANSWER or asked.mention.kind is Kind.QUESTION or questions


def _exceeded(stored: StoredMention, labels: Labels | None) -> bool:
    if stored.mention.rating == BEST_RATING:
        return True
    if labels is None or labels.sentiment is None:
        return False
    sure = labels.sentiment.positive >= SURE
    return sure and labels.intents.get(Intent.PRAISE, 0.0) >= PRAISE_SURE


def _tone(labels: Labels | None, word: Correction | None) -> Tone | None:
    """Return the tone that is believed: a person's word, else a likely one."""
    if word is not None and word.tone is not None:
        return Tone(word.tone)
    if labels is None or labels.sentiment is None:
        return None
    tone = labels.sentiment.tone
    return tone if labels.sentiment.p(tone) >= LIKELY else None


def _is(intents: Mapping[Intent, float], intent: Intent) -> bool:
    return intents.get(intent, 0.0) >= INTENT_LIKELY


def _toward(labels: Sequence[Labels], brand: str) -> Labels | None:
    return next((one for one in labels if one.brand == brand), None)


def _newest(words: Sequence[Correction], brand: str) -> Correction | None:
    return max((one for one in words if one.brand == brand), key=lambda one: (one.at, one.by), default=None)
