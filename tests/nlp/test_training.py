"""Training, export and other models; all of it needs torch, on networks made here."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from core.errors import ConfigError
from core.labelling import LabelRequest
from core.labels import Tone
from nlp import open_labeller
from nlp.encoding import Encoder, padded
from nlp.heads import CHURN, SENTIMENT, WIDTH
from nlp.training.changing import changed
from nlp.training.mixing import Mix, shuffled_by_text
from nlp.training.recipes import Stage
from nlp.training.rows import Row, Source, one_hot

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch is not installed: the train extra brings it")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")
pytest.importorskip("onnx", reason="onnx is not installed")
# Imported only where torch is, so that this file can be collected everywhere.
fit: Any = pytest.importorskip("nlp.training.fit")
roundings: Any = pytest.importorskip("nlp.training.rounding")
losses: Any = pytest.importorskip("nlp.training.losses")
export: Any = pytest.importorskip("nlp.training.export")
networks: Any = pytest.importorskip("nlp.training.network")
restore: Any = pytest.importorskip("nlp.training.restore")
shipping: Any = pytest.importorskip("nlp.training.ship")
stages: Any = pytest.importorskip("nlp.training.stages")
teaching: Any = pytest.importorskip("nlp.training.teaching")

WORDS = [
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[unused1]", "[unused2]"),
    *("good", "bad", "left", "joined", "it", "is", "for", "we", "the"),
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    torch.manual_seed(1)
    config = transformers.BertConfig(
        vocab_size=len(WORDS),
        hidden_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=96,
    )
    transformers.BertModel(config).save_pretrained(folder)
    tokenizer = Tokenizer(models.WordLevel({word: at for at, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def rows() -> list[Row]:
    made = []
    for at in range(64):
        verb, tone = ("left", "bad") if at % 2 else ("joined", "good")
        made.append(
            Row(
                source="made",
                source_id=str(at),
                text=f"we {verb} Acme it is {tone} {'the ' * (at % 5)}",
                brand="Acme" if at % 3 else None,
                sentiment=one_hot("negative" if at % 2 else "positive"),
                churn=bool(at % 2),
            )
        )
    return made


def network(base: Path) -> tuple[Any, Any]:
    encoder = Encoder.from_file(base / "tokenizer.json", 64)
    torch.manual_seed(2)
    return networks.Network(base, encoder.mark_ids, attention="eager").eval(), encoder


def run(session: Any, ids: Any, mask: Any) -> Any:
    return session.run(["logits"], {"input_ids": ids, "attention_mask": mask})[0]


def test_torch_onnx_and_int8_say_the_same(base: Path, tmp_path: Path) -> None:

    made, encoder = network(base)
    ids, mask = padded(
        encoder.encode([f"we left {'[unused1]' if at % 2 else 'it'} {'the ' * at}" for at in range(9)]), 0
    )
    with torch.inference_mode():
        wanted = made(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()
    exact, smooth, small = tmp_path / "a.onnx", tmp_path / "b.onnx", tmp_path / "c.onnx"
    export.export_fp32(made, exact)
    export.export_fp32(made, smooth, smooth=export.smoothing(exact, [(ids, mask)]))
    export.quantise(smooth, small)
    # The exported GELU goes by tanh, which is within 0.0005 of the exact one.
    for path, allowed in ((exact, 5e-4), (smooth, 5e-4), (small, 0.05)):
        said = run(onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]), ids, mask)
        assert np.abs(said - wanted).max() < allowed, path.name
    assert small.stat().st_size < exact.stat().st_size


def test_training_can_go_on_from_a_file_that_shipped(base: Path, tmp_path: Path) -> None:
    made, encoder = network(base)
    source = Source(name="made", licence="ours", ships=True, load=lambda _: iter(rows()))
    mix = Mix(train={"made": rows()}, held_out={"made": rows()}, development={}, sources={"made": source})
    identity = shipping.Identity(name="tiny", version=1, base="tiny", languages=("en",), limits=())
    shipping.ship(made, encoder, mix, identity, tmp_path / "tiny.v1", say=lambda _: None)
    again, _ = network(base)
    with torch.no_grad():
        for parameter in again.parameters():
            parameter.mul_(3.0)
    again.load_state_dict(restore.weights_of(tmp_path / "tiny.v1"))
    ids, mask = map(torch.from_numpy, padded(encoder.encode(["we left [unused1] for good", "it is bad"]), 0))
    with torch.inference_mode():
        assert torch.allclose(again(ids, mask), made(ids, mask), atol=0.02)


def test_hidden_words_leave_both_ends_and_the_brand_marks() -> None:
    ids = [101, 2057, 2187, 2, 2005, 3, 2204, 102]
    draw = random.Random(1)
    seen = [fit._with_hidden_words(ids, 0.5, draw, 103) for _ in range(200)]
    assert {tuple(one[at] for at in (0, 3, 5, 7)) for one in seen} == {(101, 2, 3, 102)}
    share = np.mean([one[1] == 103 for one in seen])
    assert 0.35 < share < 0.65
    assert fit._with_hidden_words(ids, 0.0, draw, 103) == ids


def test_padding_does_not_change_an_answer(base: Path) -> None:
    made, encoder = network(base)
    short, long = encoder.encode(["we left [unused1]", "we left [unused1] for the good the bad it is"])
    with torch.inference_mode():
        alone = made(*map(torch.from_numpy, padded([short], 0)))
        beside = made(*map(torch.from_numpy, padded([short, long], 0)))
    assert torch.allclose(alone[0], beside[0], atol=1e-5)


@pytest.mark.parametrize("bfloat16", [False, True])
def test_training_learns_what_the_rows_say(base: Path, tmp_path: Path, *, bfloat16: bool) -> None:
    plan = fit.Plan(
        epochs=30, batch=16, learning_rate=1e-3, head_learning_rate=3e-3, average=0.5, bfloat16=bfloat16
    )
    said: list[str] = []
    made, encoder = network(base)
    examples = fit.examples(rows(), encoder)
    fit.fit(made, lambda _: examples, plan, tmp_path, pad_id=0, mask_id=1, say=said.append)
    logits = fit.predict(made, examples, 0)
    assert np.mean((logits[:, 3] > 0) == [row.churn for row in rows()]) > 0.95
    assert any("min left" in line for line in said)


def unasked(rows: Sequence[Row]) -> list[Row]:
    """Rows of a set that a teacher answers, without their labels."""
    return [dataclasses.replace(row, source="authored", sentiment=None, churn=None) for row in rows]


def mix_of(rows: list[Row]) -> Mix:
    source = Source(name="made", licence="ours", ships=True, load=lambda _: iter(rows))
    return Mix(train={"made": rows}, held_out={}, development={}, sources={"made": source})


def test_the_small_model_learns_from_a_teacher_what_nobody_labelled(base: Path, tmp_path: Path) -> None:
    stage = Stage(
        name="made", epochs=40, learning_rate=1e-3, head_learning_rate=3e-3, batch=16, repeats={"made": 1}
    )
    said: list[str] = []
    teacher = teaching.Teacher.larger(base)
    lowest = teacher.network.encoder.encoder.layer[0].intermediate.dense.weight.clone()
    below = teacher.network.encoder.encoder.layer[0].intermediate.dense.bias.clone()
    words = teacher.network.encoder.get_input_embeddings().weight.clone()
    half = dataclasses.replace(stage, freeze_words=True, freeze_layers=1)
    way = stages.Way(out=tmp_path, threads=1, seed=7, say=said.append)
    teacher.learn(mix_of(rows()), [half], way.within("teacher"))
    assert torch.equal(teacher.network.encoder.encoder.layer[0].intermediate.dense.weight, lowest)
    assert not torch.equal(teacher.network.encoder.encoder.layer[0].intermediate.dense.bias, below)
    changed = (teacher.network.encoder.get_input_embeddings().weight != words).any(1)
    assert set(changed.nonzero().flatten().tolist()) == {teacher.encoder.mark_ids[0]}
    assert said[-1].startswith("teacher, made: 40 epochs")
    made, encoder = network(base)
    stages.run_stage(made, encoder, mix_of(unasked(rows())), stage, way, teachers=[teacher])
    logits = fit.predict(made, fit.examples(rows(), encoder), 0)
    assert np.mean((logits[:, 3] > 0) == [row.churn for row in rows()]) > 0.95
    assert np.mean((logits[:, 2] > logits[:, 0]) == [row.churn is False for row in rows()]) > 0.95


def test_what_a_model_knew_is_its_own_teacher_in_the_other_sets(base: Path) -> None:
    made, encoder = network(base)
    before = teaching.Teacher.before(made, encoder)
    ours, other = unasked(rows())[:4], rows()[:4]
    mixed = [*ours, *other]
    answered = before.teach(mixed, fit.examples(mixed, encoder))
    assert [one.teacher is None for one in answered] == [True] * 4 + [False] * 4
    said = fit.predict(made, fit.examples(other, encoder), encoder.pad_id)
    assert np.allclose(np.stack([one.teacher for one in answered[4:]]), said, atol=0.1)


def test_a_mark_begins_as_the_words_it_stands_for(base: Path) -> None:
    made, encoder = network(base)
    before = made.encoder.get_input_embeddings().weight.clone()
    teaching.give_meaning(made, encoder)
    table = made.encoder.get_input_embeddings().weight
    # Of the words for the target this base knows only the last; the others are its unknown word.
    known, unknown = before[WORDS.index("it")], before[WORDS.index("[UNK]")]
    assert torch.allclose(table[encoder.mark_ids[0]], (known + 3 * unknown) / 4)
    assert torch.equal(table[WORDS.index("good")], before[WORDS.index("good")])


def test_a_changed_text_has_a_sentence_less_or_another_beside_it_and_no_labels() -> None:
    row = Row(
        source="authored",
        source_id="1",
        text="Acme was fine. Globex is better! We moved in May.",
        brand="Acme",
        others=("Globex",),
        churn=True,
    )
    other = Row(source="authored", source_id="2", text="Initech works.", brand="Initech", churn=False)
    made = changed([row, other] * 200, 1.0, 3)
    assert {one.churn for one in made} == {None}
    assert {(one.text, one.others) for one in made if one.brand == "Acme" and "Initech" not in one.text} == {
        ("Acme was fine. We moved in May.", ()), ("Acme was fine. Globex is better!", ("Globex",)),
    }  # fmt: skip
    assert {one.text for one in made if one.brand == "Initech"} == {
        f"{other.text} {row.text}", f"{row.text} {other.text}",
    }  # fmt: skip


class Stopped(Exception):
    pass


def test_an_interrupted_training_ends_with_the_weights_of_one_that_was_not(
    base: Path, tmp_path: Path
) -> None:
    plan = fit.Plan(epochs=70, batch=16, bfloat16=False)
    made, encoder = network(base)
    examples = fit.examples(rows(), encoder)
    (tmp_path / "whole").mkdir()
    fit.fit(made, lambda _: examples, plan, tmp_path / "whole", pad_id=0, mask_id=1, say=lambda _: None)

    def stop(line: str) -> None:
        if line.startswith("step 250/"):
            raise Stopped

    broken, _ = network(base)
    with pytest.raises(Stopped):
        fit.fit(broken, lambda _: examples, plan, tmp_path, pad_id=0, mask_id=1, say=stop)
    said: list[str] = []
    resumed, _ = network(base)
    fit.fit(resumed, lambda _: examples, plan, tmp_path, pad_id=0, mask_id=1, say=said.append)
    assert said[0] == "resumed at step 200 of 280"
    for name, value in made.state_dict().items():
        assert torch.allclose(value, resumed.state_dict()[name], atol=1e-6), name


def test_a_checkpoint_of_another_plan_is_refused(base: Path, tmp_path: Path) -> None:
    made, encoder = network(base)
    examples = fit.examples(rows(), encoder)
    first = fit.Plan(epochs=60, batch=16, bfloat16=False)
    fit.fit(made, lambda _: examples, first, tmp_path, pad_id=0, mask_id=1, say=lambda _: None)
    assert (tmp_path / "checkpoint.pt").exists()
    other = fit.Plan(epochs=60, batch=16, bfloat16=False, seed=8)
    with pytest.raises(ConfigError, match="another plan"):
        fit.fit(made, lambda _: examples, other, tmp_path, pad_id=0, mask_id=1, say=lambda _: None)


def test_what_a_row_was_not_asked_does_not_count(base: Path) -> None:
    _, encoder = network(base)
    bare = fit.examples([Row(source="made", source_id="1", text="it is good")], encoder)
    asked = fit.examples(
        [Row(source="made", source_id="1", text="it is good", sentiment=one_hot("positive"))], encoder
    )
    logits = torch.zeros((1, len(bare[0].truth)))

    def loss(examples: Sequence[Any]) -> float:
        truth = torch.from_numpy(np.stack([example.truth for example in examples]))
        return float(losses.loss_of(logits, truth, torch.ones(1), None))

    assert loss(bare) == 0.0
    assert loss(asked) == pytest.approx(np.log(3))


def test_brands_of_one_text_are_to_be_told_apart() -> None:
    truth = torch.full((3, WIDTH), float("nan"))
    truth[:, CHURN] = torch.tensor([1.0, 0.0, 0.0])
    truth[:, SENTIMENT] = torch.tensor([one_hot("negative"), one_hot("positive"), one_hot("positive")])
    alike, differing = torch.zeros((3, WIDTH)), torch.zeros((3, WIDTH))
    differing[:, CHURN] = torch.tensor([3.0, -3.0, -3.0])
    differing[0, SENTIMENT.start], differing[1:, SENTIMENT.stop - 1] = 3.0, 3.0
    one_text, three_texts = torch.tensor([5, 5, 5]), torch.tensor([5, 6, 7])

    assert float(losses.apart(differing, truth, one_text)) < float(losses.apart(alike, truth, one_text)) / 5
    assert float(losses.apart(alike, truth, three_texts)) == 0.0
    assert float(losses.apart(alike[1:], truth[1:], one_text[1:])) == 0.0


def test_rows_about_one_text_come_side_by_side_and_copies_do_not() -> None:
    made = [
        Row(source="authored", source_id=f"{at}", text=f"{at // 2} left Acme for Bolt", brand=brand)
        for at, brand in enumerate(["Acme", "Bolt"] * 30)
    ]
    mixed = shuffled_by_text(made * 2, random.Random(3))
    assert sorted(row.source_id for row in mixed) == sorted(row.source_id for row in made * 2)
    assert [row.source_id for row in mixed] != [row.source_id for row in made * 2]
    for first, second in zip(mixed[::2], mixed[1::2], strict=True):
        assert (first.text, {first.brand, second.brand}) == (second.text, {"Acme", "Bolt"})


def test_training_can_see_numbers_as_coarse_as_int8_makes_them(base: Path, tmp_path: Path) -> None:
    made, encoder = network(base)
    ids, mask = padded(encoder.encode([f"we left [unused1] {'bad ' * at} for good" for at in range(12)]), 0)
    exact, small = tmp_path / "a.onnx", tmp_path / "b.onnx"
    export.export_fp32(made, exact)
    export.export_fp32(made, exact, smooth=export.smoothing(exact, [(ids, mask)]))
    export.quantise(exact, small)

    def first_states(network: Any) -> Any:
        asked = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
        return network.encoder(**asked).last_hidden_state[:, 0]

    whole = first_states(made).detach().numpy()
    session = onnxruntime.InferenceSession(str(small), providers=["CPUExecutionProvider"])
    lost = session.run(["pooled"], {"input_ids": ids, "attention_mask": mask})[0][:, : whole.shape[1]] - whole

    for module in made.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    rounding = roundings.Rounding(made.train())
    assert np.array_equal(first_states(made).detach().numpy(), whole), "it is off until asked for"
    rounding.on = True
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            parameter.copy_(rounding.weights(name, parameter))
    said = first_states(made)
    foreseen = said.detach().numpy() - whole
    assert 0.4 < foreseen.std() / lost.std() < 2.5
    (said[:, 0] ** 2).sum().backward()
    assert float(made.encoder.encoder.layer[0].intermediate.dense.weight.grad.abs().sum()) > 0


def test_what_was_trained_ships_with_its_card_and_labels_texts(base: Path, tmp_path: Path) -> None:
    made, encoder = network(base)
    source = Source(name="made", licence="ours", ships=True, load=lambda _: iter(rows()))
    mix = Mix(train={"made": rows()}, held_out={"made": rows()}, development={}, sources={"made": source})
    identity = shipping.Identity(
        name="earful-en", version=3, base="tiny", languages=("en",), limits=("It knows fifteen words.",)
    )
    said: list[str] = []
    shipping.ship(made, encoder, mix, identity, tmp_path / "earful-en.v3", say=said.append)
    card = json.loads((tmp_path / "earful-en.v3" / "model.json").read_text(encoding="utf-8"))
    figure = card["scores"]["made, held out"]["churn F1"]
    assert figure["low"] <= figure["value"] <= figure["high"]
    assert card["data"] == [{"name": "made", "licence": "ours", "rows": 64}]
    assert any("int8 against fp32" in line for line in said)
    (answer,) = open_labeller(tmp_path / "earful-en.v3").label([LabelRequest(text="we left it for good")])
    assert answer.model == "earful-en.v3"
    assert answer.churn is not None


@pytest.fixture
def classifier(base: Path, tmp_path: Path) -> Path:
    config = transformers.AutoConfig.from_pretrained(base)
    config.num_labels = 3
    config.id2label = {0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"}
    transformers.AutoModelForSequenceClassification.from_config(config).save_pretrained(tmp_path)
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(base / "tokenizer.json"), unk_token="[UNK]", pad_token="[PAD]"
    )
    tokenizer.save_pretrained(tmp_path)
    return tmp_path


def test_any_hugging_face_classifier_answers_through_the_same_port(classifier: Path) -> None:
    labeller = open_labeller(classifier, label_map="LABEL_0=negative,LABEL_1=neutral,LABEL_2=positive")
    first, refused, last = labeller.label(
        [LabelRequest(text=text) for text in ("it is good", "", "it is bad")]
    )
    assert first.sentiment is not None
    assert last.sentiment is not None
    assert refused.not_labelled is not None
    assert first.churn is None
    assert sum(first.sentiment.p(tone) for tone in Tone) == pytest.approx(1)


def test_classes_without_a_meaning_are_asked_for(classifier: Path) -> None:
    with pytest.raises(ConfigError, match="--label-map LABEL_0=negative"):
        open_labeller(classifier)


def test_a_model_of_the_hub_is_asked_for_by_name() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cli", "label", "--model", "nobody/nothing"],
        input="it is good\n",
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert "nobody/nothing does not load as a sequence classifier" in done.stderr
    assert "name another model" in done.stderr
