"""`earful label`: lines in, one line out for each, same order, same ids."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.label import command
from core.errors import ConfigError, ModelRefused

Write = Callable[[list[Mapping[str, object] | str]], Path]


def run(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(
        command, [str(argument) for argument in arguments], input=io.BytesIO(stdin) if stdin else None
    )


def rows(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_ids_and_order_are_kept_and_the_exit_code_is_zero(write_jsonl: Write) -> None:
    path = write_jsonl(
        [{"id": f"m{at}", "text": f"Acme number {at} is fine", "brand": "Acme"} for at in range(40)]
    )
    result = run(path)
    assert result.exit_code == 0
    assert [row["id"] for row in rows(result)] == [f"m{at}" for at in range(40)]
    assert set(rows(result)[0]) == {"id", "brand", "language", "sentiment", "churn", "intents", "model"}


def test_a_bad_line_is_reported_by_number_and_the_rest_is_labelled(write_jsonl: Write) -> None:
    path = write_jsonl(
        [
            {"id": 1, "text": "Acme is fine"},
            "{broken",
            {"id": 3, "text": 7},
            {"id": 4},
            {"id": 5, "text": "ok then", "others": "Globex"},
            {"id": 6, "text": "fine by me", "brand": "!!!"},
            "[1]",
            "[" * 100_000,
            {"id": 9, "text": ""},
            {"id": 10, "text": "Acme is fine"},
        ]
    )
    result = run(path)
    answers = rows(result)
    assert result.exit_code == 1
    assert [row["id"] for row in answers] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert [at for at, row in enumerate(answers, 1) if "error" in row] == [2, 3, 4, 5, 6, 7, 8]
    assert "not_labelled" in answers[8]
    assert "sentiment" in answers[9]
    assert "line 2:" in result.stderr
    assert "line 8:" in result.stderr


def test_a_line_of_its_own_brand_keeps_it_and_the_product_fills_the_gaps(write_jsonl: Write) -> None:
    path = write_jsonl(
        [{"text": "left Globex for Acme", "brand": "Globex"}, {"text": "left Globex for Acme"}]
    )
    result = run(path, "--product", "Acme", "--rival", "Globex")
    assert [row["brand"] for row in rows(result)] == ["Globex", "Acme"]


def test_plain_lines_from_standard_input_are_numbered() -> None:
    result = run("--product", "Acme", stdin=b"I love Acme\r\nI hate Acme\n")
    assert [(row["id"], row["brand"]) for row in rows(result)] == [(1, "Acme"), (2, "Acme")]


def test_csv_with_quotes_line_breaks_and_lists_is_read(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(
        b"\xef\xbb\xbfid,text,brand,others\r\n"
        b'7,"I left ""Globex""\nfor Acme",Globex,Acme|Umbrella\r\n8,,Acme,\r\n'
    )
    result = run(path)
    first, second = rows(result)
    assert result.exit_code == 0
    assert (first["id"], first["brand"]) == ("7", "Globex")
    assert "not_labelled" in second


def test_bytes_that_are_no_utf8_and_half_surrogates_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(
        b'{"id":"\\ud800","text":"caf\xe9 Acme is fine","brand":"Acme"}\n'
        b'{"id":"b","text":"Acme \\udfff is fine"}\n'
    )
    result = run(path)
    assert result.exit_code == 0
    assert [row["id"] for row in rows(result)] == ["\ud800", "b"]


def test_explain_points_at_words_of_the_text_and_never_at_more_than_forty(write_jsonl: Write) -> None:
    text = "I hate Acme so much that I cancelled it " + "and told everybody about it " * 12
    result = run(write_jsonl([{"text": text, "brand": "Acme"}]), "--explain")
    (row,) = rows(result)
    spans = row["churn_spans"]
    assert isinstance(spans, list)
    assert 0 < len(spans) <= 40
    assert all(0 <= start < end <= len(text) for start, end, _ in spans)
    assert abs(spans[0][2]) == max(abs(weight) for _, _, weight in spans)


def test_the_words_that_say_it_are_the_words_that_explain_it(write_jsonl: Write) -> None:
    text = "Acme is terrible and we use it on Mondays"
    (row,) = rows(run(write_jsonl([{"text": text, "brand": "Acme"}]), "--explain"))
    spans = row["sentiment_spans"]
    assert isinstance(spans, list)
    assert text[spans[0][0] : spans[0][1]] == "terrible"


def test_a_file_that_is_not_there_or_a_folder_that_is_no_model_is_one_clear_error(tmp_path: Path) -> None:
    assert isinstance(run(tmp_path / "none.jsonl").exception, ConfigError)
    assert isinstance(run("--model", tmp_path, stdin=b"text").exception, ModelRefused)


def test_an_empty_file_is_answered_with_nothing(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"")
    result = run(path)
    assert (result.exit_code, result.stdout) == (0, "")


@pytest.mark.parametrize("first", ['{"text": "x"}', "text,id", "just words, and a comma"])
def test_the_form_of_a_stream_is_told_from_its_first_line(first: str) -> None:
    result = run(stdin=f"{first}\n".encode())
    assert result.exit_code == 0
    assert len(rows(result)) == (0 if first.startswith("text") else 1)
