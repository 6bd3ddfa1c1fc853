"""From a trained network to the file that ships: ONNX with fused operators, then int8.

The graph is laid out by hand instead of traced: ONNX Runtime's fused attention (and its int8 form) is
what makes a CPU fast, and tracing transformers 5 hides the pattern that its optimiser looks for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from nlp.training.network import Network

#: Opset that onnxruntime 1.20 and later read.
OPSET = 17
_FUSED = "com.microsoft"
#: Percentile of the channels whose swing counts as usual.
USUAL = 95
#: Beginnings of the names of multiplications before which each token is brought to the same width and back:
#: one scale then serves a whole batch well.
BY_TOKEN = ("narrow", "wide")

Floats = NDArray[np.float32]


def export_fp32(network: Network, path: Path, *, smooth: Mapping[str, Floats] | None = None) -> None:
    """Write the network as ONNX; batch and length are free.

    With `smooth` (from `smoothing`) the widest channels before a multiplication are narrowed and its
    weights widened by as much: the same numbers come out, but int8 loses less of them on the way.
    """
    state = {name: value.detach().float().numpy() for name, value in network.state_dict().items()}
    graph = _Graph(state, dict(smooth or {}))
    config = network.encoder.config
    states = _encoder(
        graph, int(config.num_hidden_layers), int(config.num_attention_heads), config.layer_norm_eps
    )
    _heads(graph, states, network.target_id)
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"])
        for name in ("input_ids", "attention_mask")
    ]
    # `pooled` lets a small head be fitted on top (relevance) without touching the model.
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", None])
        for name in ("logits", "pooled")
    ]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "earful", inputs, outputs, graph.weights),
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(_FUSED, 1)],
        ir_version=9,
    )
    onnx.save(model, str(path))


def smoothing(fp32: Path, batches: Iterable[tuple[Any, Any]]) -> dict[str, Floats]:
    """Return how much to narrow each channel before a multiplication, from how far it swings on `batches`.

    Only the channels that swing wider than 95 in 100 are narrowed, to that width: one scale serves a
    whole batch, so a few wide channels take the precision of all others. On our texts this halves what
    int8 changes; where tokens are evened out it gains nothing more, and balancing every channel against its
    weights (SmoothQuant) doubled it instead.
    """
    import onnxruntime  # noqa: PLC0415 - only where a model is made

    model = onnx.load(str(fp32))
    entering = {
        node.name: node.input[0]
        for node in model.graph.node
        if node.op_type in {"MatMul", "Attention"}
        and node.name[-1].isdigit()
        and not node.name.startswith(BY_TOKEN)
    }
    watched = sorted(set(entering.values()))
    model.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in watched)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    swing = dict.fromkeys(watched, np.float32(0))
    for ids, mask in batches:
        for name, values in zip(
            watched, session.run(watched, {"input_ids": ids, "attention_mask": mask}), strict=True
        ):
            swing[name] = np.maximum(swing[name], np.abs(values[mask.astype(bool)]).max(0))
    return {
        node: np.maximum(1.0, swing[name] / np.percentile(swing[name], USUAL)).astype(np.float32)
        for node, name in entering.items()
    }


def quantise(fp32: Path, path: Path, *, leave_out: tuple[str, ...] = ()) -> None:
    """Write the int8 model: weights are fixed by channel, activations measured as they come."""
    from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415 - brings its own imports

    quantize_dynamic(
        str(fp32),
        str(path),
        op_types_to_quantize=["MatMul", "Attention"],
        per_channel=True,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=list(leave_out),
        extra_options={"MatMulConstBOnly": True, "DefaultTensorType": TensorProto.FLOAT},
    )
    model = onnx.load(str(path))
    _quantise_words(model.graph)
    onnx.save(model, str(path))


def _quantise_words(graph: Any) -> None:
    """Store each word's row as int8 with a scale of its own: one scale for all words costs accuracy."""
    (words,) = (weight for weight in graph.initializer if weight.name == "words")
    rows = numpy_helper.to_array(words)
    scale = np.maximum(np.abs(rows).max(1, keepdims=True), 1e-8).astype(np.float32) / 127
    graph.initializer.remove(words)
    graph.initializer.append(numpy_helper.from_array(np.round(rows / scale).astype(np.int8), "words_int8"))
    graph.initializer.append(numpy_helper.from_array(scale, "words_scale"))
    at = next(number for number, node in enumerate(graph.node) if node.name == "word")
    del graph.node[at]
    for node in reversed(
        [
            helper.make_node("Gather", ["words_int8", "input_ids"], ["word_int8"], name="word_int8"),
            helper.make_node("Cast", ["word_int8"], ["word_whole"], name="word_whole", to=TensorProto.FLOAT),
            helper.make_node("Gather", ["words_scale", "input_ids"], ["word_scale"], name="word_scale"),
            helper.make_node("Mul", ["word_whole", "word_scale"], ["word"], name="word"),
        ]
    ):
        graph.node.insert(at, node)


class _Graph:
    """Collect nodes and weights; every node has one output, named after it."""

    def __init__(self, state: dict[str, Any], smooth: dict[str, Floats]) -> None:
        self.state = state
        self.smooth = smooth
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self._known: set[str] = set()

    def weight(self, name: str, value: Any) -> str:
        if name not in self._known:
            self._known.add(name)
            self.weights.append(numpy_helper.from_array(np.array(value, order="C"), name))
        return name

    def add(
        self, kind: str, inputs: list[str], name: str, *, fused: bool = False, **attributes: object
    ) -> str:
        self.nodes.append(
            helper.make_node(kind, inputs, [name], name=name, domain=_FUSED if fused else "", **attributes)
        )
        return name

    def linear(self, entering: str, module: str, name: str) -> str:
        """Multiply by a torch Linear's weights; the bias is added by `bias`."""
        entering, weight = self.smoothed(entering, self.state[f"{module}.weight"].T, name)
        known = self.weight(f"{module}.weight.T", weight)
        if not name.startswith(BY_TOKEN):
            return self.add("MatMul", [entering, known], name)
        swing = self.add("ReduceMax", [self.add("Abs", [entering], f"{name}_abs")], f"{name}_max", axes=[-1])
        least = self.weight("least", np.float32(1e-6))
        width = self.add("Max", [swing, least], f"{name}_width")
        even = self.add("Div", [entering, width], f"{name}_even")
        return self.add("Mul", [self.add("MatMul", [even, known], name), width], f"{name}_back")

    def smoothed(self, entering: str, weight: Any, name: str) -> tuple[str, Any]:
        """Narrow what enters the multiplication `name` and widen its weights, where that was asked for."""
        scale = self.smooth.get(name)
        if scale is None:
            return entering, weight
        narrow = self.weight(f"{name}_narrow", (1.0 / scale).astype(np.float32))
        return self.add("Mul", [entering, narrow], f"{name}_smooth"), weight * scale[:, None].astype(
            np.float32
        )

    def bias(self, entering: str, module: str, name: str) -> str:
        return self.add("Add", [entering, self.weight(f"{module}.bias", self.state[f"{module}.bias"])], name)

    def bias_gelu(self, entering: str, module: str, name: str) -> str:
        weight = self.weight(f"{module}.bias", self.state[f"{module}.bias"])
        # By tanh instead of erf: within 0.0005 of it, and 2.3 times as fast.
        return self.add("FastGelu", [entering, weight], name, fused=True)

    def skip_norm(self, entering: str, skip: str, name: str, *, norm: str, dense: str, epsilon: float) -> str:
        """Add the skip and the dense layer's bias, then normalise."""
        bias = self.weight(f"{dense}.bias", self.state[f"{dense}.bias"])
        # Sum, because ONNX Runtime turns Add into its SkipLayerNormalization, which takes five times as long.
        summed = self.add("Sum", [entering, skip, bias], f"{name}_sum")
        norms = [self.weight(f"{norm}.{part}", self.state[f"{norm}.{part}"]) for part in ("weight", "bias")]
        return self.add("LayerNormalization", [summed, *norms], name, axis=-1, epsilon=float(epsilon))


def _encoder(graph: _Graph, layers: int, heads: int, epsilon: float) -> str:
    mask = graph.add("Cast", ["attention_mask"], "mask", to=TensorProto.INT32)
    states = _embeddings(graph, epsilon)
    for number in range(layers):
        states = _layer(graph, states, mask, f"encoder.encoder.layer.{number}", heads=heads, epsilon=epsilon)
    return states


def _embeddings(graph: _Graph, epsilon: float) -> str:
    state, base = graph.state, "encoder.embeddings"
    words = graph.add(
        "Gather", [graph.weight("words", state[f"{base}.word_embeddings.weight"]), "input_ids"], "word"
    )
    # Every text is the first of its pair, so its segment is part of the place.
    places = state[f"{base}.position_embeddings.weight"] + state[f"{base}.token_type_embeddings.weight"][0]
    shape = graph.add("Shape", ["input_ids"], "shape", start=1, end=2)
    start, axis = graph.weight("zero", np.zeros(1, np.int64)), graph.weight("axis", np.zeros(1, np.int64))
    place = graph.add("Slice", [graph.weight("places", places), start, shape, axis], "place")
    summed = graph.add("Add", [words, place], "embedded")
    norm = [graph.weight(f"{base}.{part}", state[f"{base}.LayerNorm.{part}"]) for part in ("weight", "bias")]
    return graph.add("LayerNormalization", [summed, *norm], "states", axis=-1, epsilon=float(epsilon))


def _layer(graph: _Graph, states: str, mask: str, base: str, *, heads: int, epsilon: float) -> str:
    state, own = graph.state, f"{base}.attention.self"
    parts = [f"{own}.{part}" for part in ("query", "key", "value")]
    joined = np.concatenate([state[f"{part}.weight"].T for part in parts], axis=1)
    bias = graph.weight(f"{own}.bias", np.concatenate([state[f"{part}.bias"] for part in parts]))
    name = base.rpartition(".")[2]
    asked, joined = graph.smoothed(states, joined, f"attention{name}")
    weights = [graph.weight(f"{own}.weight", joined), bias, mask]
    seen = graph.add("Attention", [asked, *weights], f"attention{name}", fused=True, num_heads=heads)
    dense = f"{base}.attention.output.dense"
    mixed = graph.skip_norm(
        graph.linear(seen, dense, f"mixed{name}"),
        states,
        f"attended{name}",
        norm=f"{base}.attention.output.LayerNorm",
        dense=dense,
        epsilon=epsilon,
    )
    wide = graph.linear(mixed, f"{base}.intermediate.dense", f"wide{name}")
    wide = graph.bias_gelu(wide, f"{base}.intermediate.dense", f"gelu{name}")
    dense = f"{base}.output.dense"
    narrow = graph.linear(wide, dense, f"narrow{name}")
    return graph.skip_norm(
        narrow, mixed, f"layer{name}", norm=f"{base}.output.LayerNorm", dense=dense, epsilon=epsilon
    )


def _heads(graph: _Graph, states: str, target_id: int) -> None:
    pooled, asked = _pooled(graph, states, target_id)
    said = {name: _head(graph, pooled, name) for name in ("toward", "whole", "churn", "intents")}
    sentiment = graph.add("Where", [asked, said["toward"], said["whole"]], "sentiment")
    graph.add("Concat", [sentiment, said["churn"], said["intents"]], "logits", axis=-1)


def _pooled(graph: _Graph, states: str, target_id: int) -> tuple[str, str]:
    first = graph.add("Gather", [states, graph.weight("first_at", np.zeros((), np.int64))], "first", axis=1)
    real = graph.add("Cast", ["attention_mask"], "real", to=TensorProto.FLOAT)
    mean, _ = _mean_over(graph, states, real, "mean")
    is_target = graph.add(
        "Equal", ["input_ids", graph.weight("target", np.array(target_id, np.int64))], "is_target"
    )
    target = graph.add("Cast", [is_target], "target_mask", to=TensorProto.FLOAT)
    toward, count = _mean_over(graph, states, target, "target_mean")
    asked = graph.add("Greater", [count, graph.weight("none", np.zeros((), np.float32))], "asked")
    chosen = graph.add("Where", [asked, toward, mean], "chosen")
    return graph.add("Concat", [first, mean, chosen], "pooled", axis=-1), asked


def _mean_over(graph: _Graph, states: str, mask: str, name: str) -> tuple[str, str]:
    last = graph.weight("last", np.array([-1], np.int64))
    one = graph.weight("one", np.ones((), np.float32))
    wide = graph.add("Unsqueeze", [mask, last], f"{name}_wide")
    masked = graph.add("Mul", [states, wide], f"{name}_masked")
    at_length = graph.weight("at_length", np.array([1], np.int64))
    summed = graph.add("ReduceSum", [masked, at_length], f"{name}_sum", keepdims=0)
    count = graph.add("ReduceSum", [wide, at_length], f"{name}_count", keepdims=0)
    at_least = graph.add("Max", [count, one], f"{name}_at_least")
    return graph.add("Div", [summed, at_least], f"{name}_mean"), count


def _head(graph: _Graph, pooled: str, name: str) -> str:
    # The modules of `network._head`: dropout, linear, gelu, dropout, linear.
    hidden = graph.bias_gelu(graph.linear(pooled, f"{name}.1", f"{name}_in"), f"{name}.1", f"{name}_gelu")
    return graph.bias(graph.linear(hidden, f"{name}.4", f"{name}_out"), f"{name}.4", f"{name}_logits")
