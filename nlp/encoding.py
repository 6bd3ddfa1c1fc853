"""Texts to token ids, and token ids to batches of one length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nlp.marking import OTHER, TARGET

if TYPE_CHECKING:
    from tokenizers import Tokenizer

#: Most tokens of one batch. What is worked on then stays in the cache (a tenth faster than 1,024), and int8
#: loses less, for its scales are by batch.
BATCH_TOKENS = 512

Ids = NDArray[np.int64]


class Encoder:
    """The model's tokeniser; the brand marks are single tokens in it."""

    def __init__(self, tokenizer: Tokenizer, max_length: int) -> None:
        tokenizer.no_padding()
        tokenizer.enable_truncation(max_length)
        tokenizer.add_special_tokens([TARGET, OTHER])
        self._tokenizer = tokenizer
        #: The tokens of the marks, the target's first.
        self.mark_ids: tuple[int, int] = (_known(tokenizer, TARGET), _known(tokenizer, OTHER))
        self.pad_id: int = self._first("<pad>", "[PAD]")
        #: What stands for a hidden word in training.
        self.mask_id: int = self._first("<mask>", "[MASK]")
        #: Rows that the model's embeddings must have.
        self.size: int = tokenizer.get_vocab_size(with_added_tokens=True)

    def _first(self, *names: str) -> int:
        """Return the place of the first name that the vocabulary has; BERT's are leftovers in others'."""
        places = (self._tokenizer.token_to_id(name) for name in names)
        return next((place for place in places if place is not None), 0)

    @classmethod
    def from_file(cls, path: Path, max_length: int) -> Encoder:
        """Read a `tokenizer.json`."""
        from tokenizers import Tokenizer  # noqa: PLC0415 - importing nlp stays cheap

        return cls(Tokenizer.from_file(str(path)), max_length)

    def save(self, path: Path) -> None:
        """Write the `tokenizer.json`, marks included."""
        self._tokenizer.save(str(path))

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of each text."""
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(texts))]


def _known(tokenizer: Tokenizer, word: str) -> int:
    place = tokenizer.token_to_id(word)
    return -1 if place is None else int(place)


def batches(ids: Sequence[Sequence[int]], tokens: int = BATCH_TOKENS) -> Iterator[list[int]]:
    """Part texts of like length into batches of at most `tokens` tokens, padding counted; yield positions."""
    order = sorted(range(len(ids)), key=lambda at: len(ids[at]), reverse=True)
    batch: list[int] = []
    for at in order:
        # The first of a batch is its longest, so it sets the width of all.
        if batch and len(ids[batch[0]]) * (len(batch) + 1) > tokens:
            yield batch
            batch = []
        batch.append(at)
    if batch:
        yield batch


def padded(ids: Sequence[Sequence[int]], pad_id: int) -> tuple[Ids, Ids]:
    """Return ids and mask of one batch as arrays."""
    width = max(map(len, ids), default=1)
    array = np.full((len(ids), width), pad_id, dtype=np.int64)
    mask = np.zeros((len(ids), width), dtype=np.int64)
    for row, text in enumerate(ids):
        array[row, : len(text)] = text
        mask[row, : len(text)] = 1
    return array, mask
