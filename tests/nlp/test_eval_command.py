"""`earful eval`: a file of texts and truth in, figures with intervals out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.eval import command
from core.errors import ConfigError
from core.labelling import LabelRequest
from core.labels import Labels, Sentiment, Tone
from nlp.evaluation.comparing import compare
from nlp.evaluation.items import read_items
from nlp.evaluation.judge import judge

GOOD = ["I love {}", "{} is great", "{} made my day, thank you", "so happy with {}"]
BAD = ["I hate {}", "{} is awful", "{} ruined my day, never again", "so angry at {}"]


class Always:
    """A labeller that gives the same answer to everything."""

    def __init__(self, negative: float, positive: float) -> None:
        self.sentiment = Sentiment(negative=negative, neutral=1 - negative - positive, positive=positive)

    @property
    def model(self) -> str:
        return "always.v1"

    def label(self, requests: Sequence[LabelRequest], *, explain: bool = False) -> list[Labels]:
        del explain
        return [Labels(brand="", model=self.model, sentiment=self.sentiment) for _ in requests]


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    path = tmp_path / "truth.tsv"
    rows = ["id\tsource\ttarget\tchurn\tsentiment\ttext"]
    for brand in ("Acme", "Globex", "Umbrella", "Initech"):
        rows += [f"g{brand}\tforum\t{brand}\t0\tpositive\t{text.format(brand)}" for text in GOOD]
        rows += [f"b{brand}\tstore\t{brand}\t0\tnegative\t{text.format(brand)}" for text in BAD]
        rows.append(
            f"c{brand}\tstore\t{brand}\t1\tnegative\tI cancelled {brand} today and will not come back"
        )
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_every_figure_comes_with_its_interval_and_its_n(truth: Path) -> None:
    result = run(truth, "--format", "json")
    assert result.exit_code == 0
    (model,) = json.loads(result.stdout)["models"]
    for name in ("sentiment macro F1", "sentiment macro recall", "churn F1", "churn recall at precision 0.8"):
        figure = model["figures"][name]
        assert figure["low"] <= figure["value"] <= figure["high"]
        assert figure["n"] == 36
    assert sum(map(sum, model["confusion"])) == 36
    assert model["figures"]["sentiment accuracy"]["value"] > 0.8


def test_the_report_is_one_page_that_fetches_nothing(truth: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    assert run(truth, "--report", page).exit_code == 0
    html = page.read_text(encoding="utf-8")
    assert html.count("<svg") >= 3
    assert "http" not in html
    assert "<script" not in html


def test_a_bad_row_is_reported_by_line_and_the_rest_is_measured(truth: Path) -> None:
    with truth.open("a", encoding="utf-8") as file:
        file.write("x\tforum\tAcme\t0\tpositive\t\n")
    result = run(truth, "--format", "json")
    assert result.exit_code == 1
    assert "line 38: it holds no text" in result.stderr
    assert json.loads(result.stdout)["bad_rows"] == 1


def test_a_file_without_texts_or_none_at_all_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "numbers.tsv"
    path.write_text("a\tb\n1\t2\n", encoding="utf-8")
    assert isinstance(run(path).exception, ConfigError)
    assert isinstance(run(tmp_path / "none.tsv").exception, ConfigError)


def test_the_other_targets_of_a_text_become_its_other_brands(tmp_path: Path) -> None:
    path = tmp_path / "two.jsonl"
    row = {"text": "left A1 for B2", "brands": [{"name": "A1", "churn": 1}, {"name": "B2", "churn": 0}]}
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    items, errors = read_items(path)
    assert not errors
    assert [(item.brand, item.others, item.churn) for item in items] == [
        ("A1", ("B2",), True),
        ("B2", ("A1",), False),
    ]


def test_churn_that_cannot_be_told_is_not_judged(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("text\ttarget\tlabel\nwho knows\tAcme\ta\n", encoding="utf-8")
    ((item,), _) = read_items(path)
    assert item.churn is None


def test_the_paired_test_finds_a_better_model_and_no_difference_to_itself(truth: Path) -> None:
    items, _ = read_items(truth)
    positive, negative = judge(Always(0.1, 0.8), items), judge(Always(0.8, 0.1), items)
    same, same_f1 = compare(items, positive, positive)
    found, found_f1 = compare(items, negative, positive)
    assert (same.difference, same.p_value) == (same_f1.difference, same_f1.p_value) == (0.0, 1.0)
    assert found.difference == pytest.approx(4 / 36)
    assert found.low < found.difference < found.high
    assert 0.3 < found.p_value < 0.9
    assert (found.head, found_f1.head) == ("sentiment", "sentiment macro F1")


def test_the_paired_test_is_sure_of_a_large_difference(truth: Path) -> None:
    items = [item for item in read_items(truth)[0] if item.sentiment is Tone.NEGATIVE]
    found, _ = compare(items, judge(Always(0.8, 0.1), items), judge(Always(0.1, 0.8), items))
    assert (found.difference, found.low, found.high) == (1.0, 1.0, 1.0)
    assert found.p_value < 0.01
