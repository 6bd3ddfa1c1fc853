"""How fast the labeller is, against what people use otherwise and against what this machine can do."""

from __future__ import annotations

import json
import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from core.errors import ConfigError
from core.labelling import Labeller, LabelRequest
from core.watch import Brand

#: Tokens of a text whose speed is told, and how many such texts are labelled at a time.
TOKENS = 25
TEXTS = 256
#: The multiplication whose speed is the machine's limit: rows, inner, columns.
LIMIT_SHAPE = (800, 1536, 384)
#: A text of as many tokens, brand mark and both ends counted.
SENTENCE = (
    "we have used Acme for two years and the last update broke our exports again so support must answer us"
)
_SECONDS = 3.0


def texts_per_second(labeller: Labeller) -> float:
    """Return how many texts of 25 tokens are labelled in a second, language and marks included."""
    requests = [LabelRequest(text=f"{SENTENCE} {at % 7}", brand=Brand(name="Acme")) for at in range(TEXTS)]
    return TEXTS / _best(lambda: labeller.label(requests))


def pipeline_texts_per_second() -> float:
    """Return the same for a Hugging Face pipeline whose model has the shape of RoBERTa-base.

    Its weights are random: how long it takes does not depend on them.

    Raises:
        ConfigError: torch is not installed.
    """
    try:
        import torch  # noqa: PLC0415 - only where it is compared with
        from transformers import RobertaConfig, RobertaForSequenceClassification  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError("the comparison needs torch: install the 'train' extra") from error
    torch.set_num_threads(1)
    config = RobertaConfig(num_labels=3, vocab_size=50265, max_position_embeddings=514, type_vocab_size=1)
    network = RobertaForSequenceClassification(config).eval()
    # A pipeline without batch_size, as its examples show it, answers one text after the other.
    ids = torch.randint(5, 50_000, (1, TOKENS))
    mask = torch.ones_like(ids)

    def answer() -> None:
        with torch.inference_mode():
            network(input_ids=ids, attention_mask=mask).logits.softmax(-1).tolist()

    return 1.0 / _best(answer)


def limit_operations_per_second() -> float:
    """Return the multiply-adds that ONNX Runtime does in a second, int8, on one thread.

    Raises:
        ConfigError: the onnx package is not installed.
    """
    import onnxruntime  # noqa: PLC0415 - importing nlp stays cheap

    rows, inner, columns = LIMIT_SHAPE
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(_multiplication(), options, providers=["CPUExecutionProvider"])
    entering = np.random.default_rng(1).integers(0, 255, (rows, inner), dtype=np.uint8)
    seconds = _best(lambda: session.run(None, {"a": entering}))
    return rows * inner * columns / seconds


def operations_per_text(layers: int = 6, hidden: int = 384) -> float:
    """Return the multiply-adds that a text of 25 tokens takes: the layers, attention, four heads."""
    return layers * (12 * hidden**2 * TOKENS + 2 * TOKENS**2 * hidden) + 4 * 3 * hidden * hidden


def in_a_process(model: Path | None) -> dict[str, float]:
    """Start a process that labels; return its resident megabytes and seconds to the first label."""
    started = time.monotonic()
    done = subprocess.run(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "nlp.speed", str(model or "")],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    first, resident = json.loads(done.stdout)
    return {
        "resident_mb": resident,
        "first_label_s": first,
        "whole_process_s": round(time.monotonic() - started, 2),
    }


def _multiplication() -> bytes:
    try:
        from onnx import TensorProto, helper, numpy_helper  # noqa: PLC0415 - only where it is compared with
    except ImportError as error:
        raise ConfigError("the machine's limit needs the onnx package: install the 'train' extra") from error
    rows, inner, columns = LIMIT_SHAPE
    weights = np.random.default_rng(2).integers(-127, 127, (inner, columns), dtype=np.int8)
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["a", "b"], ["c"])],
        "limit",
        [helper.make_tensor_value_info("a", TensorProto.UINT8, [rows, inner])],
        [helper.make_tensor_value_info("c", TensorProto.INT32, [rows, columns])],
        [numpy_helper.from_array(weights, "b")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    data: bytes = model.SerializeToString()
    return data


def _best(work: Callable[[], object]) -> float:
    """Return the median CPU seconds of the quicker half: others use the machine too, and its caches."""
    work()
    taken: list[float] = []
    until = time.monotonic() + _SECONDS
    while len(taken) < 3 or time.monotonic() < until:  # noqa: PLR2004 - a median of fewer says nothing
        # All threads of this process count, so none of them makes a figure better than one core is.
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return statistics.median(sorted(taken)[: max(1, len(taken) // 2)])


def _alone(model: str) -> None:
    from nlp import open_labeller  # noqa: PLC0415 - its time is what is measured

    started = time.monotonic()
    labeller = open_labeller(Path(model) if model else None)
    request = LabelRequest(text=SENTENCE, brand=Brand(name="Acme"))
    labeller.label([request])
    first = time.monotonic() - started
    labeller.label([request] * (2 * TEXTS))
    sys.stdout.write(json.dumps([round(first, 3), round(_resident_mb(), 1)]))


def _resident_mb() -> float:
    """Return the most memory this program held; getrusage alone would count the parent it was forked from."""
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="ascii"))
        if found:
            return int(found[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    _alone(sys.argv[1] if len(sys.argv) > 1 else "")
