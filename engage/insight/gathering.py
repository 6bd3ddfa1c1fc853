"""What the store knows of each account, as the behaviours need it: one walk over all mentions."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core.customers import Account, Outcome, day_begin, person_key
from core.evidence import INTENT_LIKELY, handle_of
from core.kept import Sought
from core.labels import Intent, Labels
from core.ports import Store
from core.thread import StoredMention
from core.watch import Watch
from engage.customers import ACCOUNT, MERGED, PERSON, account_of, person_of, walk
from engage.insight.behaviours import Watched, Word

#: Our own word that what was asked for is there.
SHIPPED = re.compile(
    r"\b(?:shipped|released|(?:is|are|now) (?:live|available|out|here)|rolled out|you can now)\b",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Talk:
    """What is remembered of one thread while the mentions are walked over."""

    #: When one of us spoke, and when one of us said that something is there.
    ours: list[datetime] = field(default_factory=list)
    shipped: list[datetime] = field(default_factory=list)
    #: Who said what is answered, by the id of what they answer.
    answers: dict[str, list[tuple[datetime, str]]] = field(default_factory=lambda: defaultdict(list))
    #: What people of accounts said: account, person, mention id, word, whether it is a wish.
    said: list[tuple[str, str, str, Word, bool]] = field(default_factory=list)


def gather(store: Store, *, now: datetime) -> tuple[list[Watched], list[str]]:
    """Return every account with what its people said, and the keys of those that cannot be used.

    Unusable is a lost account without a day on which it was lost, or lost before anything was heard.
    """
    belongs = _belongs(store)
    talks, first = _talks(store, belongs)
    words: dict[str, list[Word]] = defaultdict(list)
    for talk in talks.values():
        for key, word in _words(talk):
            words[key].append(word)
    usable: list[Watched] = []
    left_out: list[str] = []
    for item in walk(store, Sought(kind=ACCOUNT)):
        account = account_of(item).account
        watched = _watched(account, words.get(account.key, []), first=first or now, now=now)
        if watched is None:
            left_out.append(account.key)
        else:
            usable.append(watched)
    return usable, left_out


def _watched(account: Account, words: Iterable[Word], *, first: datetime, now: datetime) -> Watched | None:
    contract = account.contract
    begin = max(first, day_begin(contract.start)) if contract.start else first
    lost = contract.outcome is Outcome.LOST
    end = min(day_begin(contract.renewal), now) if lost and contract.renewal else now
    if (lost and contract.renewal is None) or end <= begin:
        return None
    said = tuple(sorted((word for word in words if begin <= word.at < end), key=lambda word: word.at))
    return Watched(key=account.key, begin=begin, end=end, lost=lost, words=said)


def _belongs(store: Store) -> Mapping[str, str]:
    """Return the account behind each key that a handle has of itself."""
    found: dict[str, str] = {}
    for item in walk(store, Sought(kind=PERSON)):
        if item.state == MERGED:
            continue
        person = person_of(item).person
        if person.account:
            found |= {person_key(one.source, one.name): person.account for one in person.handles}
    return found


def _talks(store: Store, belongs: Mapping[str, str]) -> tuple[dict[str, Talk], datetime | None]:
    watches = {watch.id: watch for watch in store.watches()}
    talks: dict[str, Talk] = defaultdict(Talk)
    first: datetime | None = None
    for stored in store.mentions():
        mention = stored.mention
        first = mention.published_at if first is None else min(first, mention.published_at)
        talk = talks[mention.thread_id]
        handle = handle_of(stored)
        key = person_key(handle.source, handle.name) if handle else ""
        if mention.parent_id:
            talk.answers[mention.parent_id].append((mention.published_at, key))
        if stored.own:
            talk.ours.append(mention.published_at)
            if SHIPPED.search(mention.said):
                talk.shipped.append(mention.published_at)
        elif key in belongs and not mention.deleted:
            watch = next((watches[name] for name in stored.watches if name in watches), None)
            if watch is not None:
                talk.said.append((belongs[key], key, mention.id, *_heard(stored, watch)))
    return talks, first


def _heard(stored: StoredMention, watch: Watch) -> tuple[Word, bool]:
    """Return a word without what came after it, and whether it asks for something that is not there."""
    mention = stored.mention
    labels = next((one for one in mention.labels if one.brand == watch.product.name), None)
    sentiment = labels.sentiment if labels else None
    rivals = sum(brand.name != watch.product.name for brand in watch.brands_in(mention.said))
    word = Word(
        at=mention.published_at,
        tone=sentiment.positive - sentiment.negative if sentiment else None,
        question=_is(labels, Intent.QUESTION),
        rivals=rivals,
    )
    return word, _is(labels, Intent.FEATURE_REQUEST)


def _is(labels: Labels | None, intent: Intent) -> bool:
    return labels is not None and labels.intents.get(intent, 0.0) >= INTENT_LIKELY


def _words(talk: Talk) -> Iterator[tuple[str, Word]]:
    ours, shipped = sorted(talk.ours), sorted(talk.shipped)
    for account, key, mention_id, word, wished in talk.said:
        answers = [at for at, who in talk.answers.get(mention_id, ()) if who != key]
        yield (
            account,
            Word(
                at=word.at,
                tone=word.tone,
                question=word.question,
                rivals=word.rivals,
                answered_at=min(answers, default=None),
                replied_at=_after(ours, word.at),
                shipped_at=_after(shipped, word.at) if wished else None,
            ),
        )


def _after(moments: list[datetime], at: datetime) -> datetime | None:
    place = bisect_right(moments, at)
    return moments[place] if place < len(moments) else None
