"""Numbers as coarse as int8 will make them, seen while training, so that the weights learn to bear it."""

from __future__ import annotations

from typing import Any

import torch

from nlp.training.export import USUAL

#: Steps of an unsigned and of a signed byte.
ACTIVATION_STEPS, WEIGHT_STEPS = 255, 127
LEAST = 1e-6
#: Parts of the names of weights that int8 stores with a scale for each row.
ROUNDED = (".layer.", "word_embeddings")


class Rounding:
    """Round what enters each multiplication of the encoder, and its weights, while `on`.

    As `export` does: a scale for the whole batch after the widest channels were narrowed, a scale by token
    before the two layers of the feed-forward part. Gradients pass as if nothing had been rounded.
    """

    def __init__(self, network: Any) -> None:
        self.on = False
        for layer in network.encoder.encoder.layer:
            own = layer.attention.self
            for part in (own.query, own.key, own.value, layer.attention.output.dense):
                part.register_forward_pre_hook(self._hook(by_token=False))
            for part in (layer.intermediate.dense, layer.output.dense):
                part.register_forward_pre_hook(self._hook(by_token=True))

    def weights(self, name: str, value: Any) -> Any:
        """Return a weight as its working copy holds it."""
        if not self.on or value.ndim == 1 or not any(part in name for part in ROUNDED):
            return value
        scale = value.abs().amax(1, keepdim=True).clamp(min=LEAST) / WEIGHT_STEPS
        return torch.round(value / scale) * scale

    def _hook(self, *, by_token: bool) -> Any:
        def rounded(module: Any, entering: tuple[Any, ...]) -> tuple[Any, ...] | None:
            if not (self.on and module.training):
                return None
            return (_as_bytes(entering[0], by_token=by_token), *entering[1:])

        return rounded


def _as_bytes(values: Any, *, by_token: bool) -> Any:
    with torch.no_grad():
        if by_token:
            width = values.abs().amax(-1, keepdim=True).clamp(min=LEAST)
        else:
            swing = values.abs().reshape(-1, values.shape[-1]).amax(0).float()
            usual = torch.quantile(swing, USUAL / 100).clamp(min=LEAST)
            width = (swing / usual).clamp(min=1.0).to(values.dtype)
        even = values / width
        low, high = min(0.0, float(even.min())), max(0.0, float(even.max()))
        scale = max(LEAST, (high - low) / ACTIVATION_STEPS)
        lost = torch.round(even / scale).mul_(scale).mul_(width).sub_(values)
    return values + lost
