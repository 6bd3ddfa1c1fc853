"""What people talk about: texts grouped by what the encoder makes of them, with ids that last."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.labelling import LabelRequest
from core.tokens import token_texts
from nlp import MODELS, model_name
from nlp.model import Model

Floats = NDArray[np.float64]

#: A group keeps the id of the older one whose middle lies at least so near (cosine).
SAME = 0.8
#: Kinds of message with fewer texts have no middle of their own.
FEW = 5
ROUNDS = 40
SHORTEST_WORD = 3
NAME_WORDS = 3
#: Words of grammar, longer than `SHORTEST_WORD`: they name nothing.
_GRAMMAR = """about after again ahead already also although always among another anybody anyone anything
    around away because been before being between both cannot could didn does doesn doing done down during
    each either else enough even ever every everybody everyone everything from further gets getting goes
    going have haven having hence here hers herself himself into itself just keep least less like likely
    made make makes many maybe might mine more most much must myself near neither never nobody none
    nothing often once only onto other others otherwise ours ourselves over perhaps quite rather really
    same several shall should since some somebody someone something somewhat soon still such than that
    their theirs them themselves then there these they thing things this those though through thus till
    together under until upon very wasn well were what whatever when where whether which while whole whom
    whose will with within without would wouldn yours yourself"""
GRAMMAR = frozenset(_GRAMMAR.split())
#: Words of a name stand in at least so many of its texts.
IN_TEXTS = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Texts that are alike: positions among those given, the most typical first."""

    key: str
    name: str
    middle: tuple[float, ...]
    members: tuple[int, ...]


def embed(texts: Sequence[str], *, folder: str = "", threads: int = 1) -> Floats:
    """Return one row of length 1 for each text, by the English model's encoder."""
    model = Model(MODELS / model_name(folder).split("+")[0], threads=threads)
    return _unit(model.embed([LabelRequest(text=text) for text in texts]))


def groups(
    vectors: Floats,
    texts: Sequence[str],
    *,
    kinds: Sequence[str] = (),
    before: Mapping[str, Sequence[float]],
    common: Sequence[str] = (),
) -> list[Group]:
    """Return the groups among texts, largest first.

    Args:
        vectors: one row of length 1 for each text.
        texts: what they say, for the names.
        kinds: of each text its tone and intent: what all texts of a kind share tells no topic apart.
        before: the middles of earlier groups by id; a group near one of them goes on under its id.
        common: words that name nothing here, such as the brands.
    """
    number = min(max(round(math.sqrt(len(texts)) / 2), 2), 20)
    if len(texts) <= number:
        return []
    spread = _spread(vectors, kinds or [""] * len(texts))
    owner = _clustered(spread, number)
    middles = {
        each: _unit(spread[owner == each].mean(axis=0)[None])[0] for each in sorted(set(owner.tolist()))
    }
    keys = _lasting(middles, before)
    names = _names(
        {each: [texts[int(at)] for at in np.flatnonzero(owner == each)] for each in middles}, common
    )
    found = []
    for each, middle in middles.items():
        members = np.flatnonzero(owner == each)
        ordered = members[np.argsort(-(spread[members] @ middle), kind="stable")]
        found.append(
            Group(key=keys[each], name=names[each], middle=tuple(map(float, middle.round(5))),
                  members=tuple(map(int, ordered)))
        )  # fmt: skip
    return sorted(found, key=lambda group: (-len(group.members), group.key))


def _spread(vectors: Floats, kinds: Sequence[str]) -> Floats:
    """Return vectors without what all texts of their kind share: how it is said, not what it is about."""
    spread = vectors - vectors.mean(axis=0)
    told = np.asarray(kinds)
    for kind in sorted(set(kinds)):
        mine = told == kind
        if mine.sum() >= FEW:
            spread[mine] = vectors[mine] - vectors[mine].mean(axis=0)
    return _unit(spread)


def _clustered(vectors: Floats, number: int) -> NDArray[np.int64]:
    """Return which of `number` groups each row belongs to: spherical k-means from far-apart beginnings."""
    luck = np.random.default_rng(7)
    chosen = [int(luck.integers(len(vectors)))]
    while len(chosen) < number:
        away = np.clip(1 - (vectors @ vectors[chosen].T).max(axis=1), 1e-9, None)
        chosen.append(int(luck.choice(len(vectors), p=away / away.sum())))
    middles = vectors[chosen]
    owner = np.full(len(vectors), -1, dtype=np.int64)
    for _ in range(ROUNDS):
        fresh = (vectors @ middles.T).argmax(axis=1)
        if (fresh == owner).all():
            break
        owner = fresh
        middles = _unit(
            np.stack(
                [
                    vectors[owner == at].mean(axis=0) if (owner == at).any() else middles[at]
                    for at in range(number)
                ]
            )
        )
    return owner


def _lasting(middles: Mapping[int, Floats], before: Mapping[str, Sequence[float]]) -> dict[int, str]:
    """Return an id for each group: that of the nearest earlier one, each given once, else a new one."""
    pairs = sorted(
        (
            (float(middle @ np.asarray(old)), each, key)
            for each, middle in middles.items()
            for key, old in before.items()
            if len(old) == len(middle)
        ),
        reverse=True,
    )
    keys: dict[int, str] = {}
    for likeness, each, key in pairs:
        if likeness >= SAME and each not in keys and key not in keys.values():
            keys[each] = key
    for each, middle in middles.items():
        if each not in keys:
            keys[each] = hashlib.blake2b(middle.round(5).tobytes(), digest_size=5).hexdigest()
    return keys


def _names(texts: Mapping[int, Sequence[str]], common: Sequence[str]) -> dict[int, str]:
    """Return a name for each group: the words that stand in its texts far oftener than in others."""
    shared = {word for each in common for word in token_texts(each)}
    counts = {
        each: Counter(
            word
            for text in said
            for word in {*token_texts(text)} - shared - GRAMMAR
            if len(word) > SHORTEST_WORD
        )
        for each, said in texts.items()
    }
    whole = sum(counts.values(), Counter[str]())
    total = sum(map(len, texts.values()))
    names = {}
    for each, words in counts.items():
        size = len(texts[each])
        scored = sorted(
            (-(n / size) * math.log(1 + (n / size) / (whole[word] / total)), word)
            for word, n in words.items()
            if n >= IN_TEXTS and n / size > whole[word] / total
        )
        names[each] = ", ".join(word for _, word in scored[:NAME_WORDS])
    return names


def _unit(rows: Floats) -> Floats:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1.0), dtype=np.float64)
