"""One shipped model: its files checked, its session opened, texts answered with numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelRefused
from core.labelling import LabelRequest
from nlp.card import MODEL, TOKENIZER, Card, read_card
from nlp.decoding import over_windows, probabilities
from nlp.encoding import Encoder, batches, padded
from nlp.heads import WIDTH
from nlp.marking import OTHER, marked_windows

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Floats = NDArray[np.float64]


class Model:
    """An int8 ONNX model with its tokeniser and card. Safe to use from several threads."""

    def __init__(self, folder: Path, *, threads: int = 1, weights: Path | None = None) -> None:
        """Open a model; `weights` stands in for its own file, to compare the same model in fp32.

        Raises:
            ModelRefused: a file is missing, broken or not the one that the card names.
        """
        self.card: Card = read_card(folder)
        try:
            self._encoder = Encoder.from_file(folder / TOKENIZER, self.card.max_length)
            self._session = _session(weights or folder / MODEL, threads)
        except Exception as error:  # both libraries raise bare Exceptions of their own
            raise ModelRefused(
                f"{folder} does not load ({error}): put it back or choose another with --model"
            ) from error

    def answer(self, requests: Sequence[LabelRequest]) -> Floats:
        """Return one row of probabilities for each request."""
        requests = self._as_read(requests)
        windows = [(at, text) for at, request in enumerate(requests) for text in marked_windows(request)]
        logits = self._run([text for _, text in windows], output="logits")
        rows: list[list[int]] = [[] for _ in requests]
        for row, (at, _) in enumerate(windows):
            rows[at].append(row)
        answers = np.empty((len(requests), WIDTH), dtype=np.float64)
        for at, request in enumerate(requests):
            toward = request.brand is not None
            among = any(OTHER in windows[row][1] for row in rows[at])
            p = probabilities(logits[rows[at]], self.card.calibration, toward=toward, among=among)
            answers[at] = over_windows(p)
        return answers

    def logits(self, requests: Sequence[LabelRequest]) -> Floats:
        """Return the raw outputs for the first window of each text, before calibration."""
        return self._run([marked_windows(request)[0] for request in requests], output="logits")

    def _as_read(self, requests: Sequence[LabelRequest]) -> Sequence[LabelRequest]:
        return requests if self.card.marks else [LabelRequest(text=request.text) for request in requests]

    def embed(self, requests: Sequence[LabelRequest]) -> Floats:
        """Return what the encoder makes of the first window of each text."""
        return self._run([marked_windows(request)[0] for request in requests], output="pooled")

    def _run(self, texts: Sequence[str], output: str) -> Floats:
        ids = self._encoder.encode(texts)
        results: Floats | None = None
        for batch in batches(ids):
            array, mask = padded([ids[at] for at in batch], self._encoder.pad_id)
            (said,) = self._session.run([output], {"input_ids": array, "attention_mask": mask})
            if results is None:
                results = np.empty((len(texts), said.shape[1]), dtype=np.float64)
            results[batch] = said
        return np.zeros((0, WIDTH)) if results is None else results


def _session(path: Path, threads: int) -> InferenceSession:
    import onnxruntime  # noqa: PLC0415 - importing nlp stays cheap

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # The arena keeps the widest batch for ever: 398 MB resident with it, 209 MB without.
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
