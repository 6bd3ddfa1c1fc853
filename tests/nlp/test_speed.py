"""What a labelling process costs; how fast it is depends on the machine and is no test."""

from __future__ import annotations

import json

from click.testing import CliRunner

from cli.benches.label import command
from nlp import speed


def test_a_process_that_labels_stays_within_its_memory() -> None:
    assert speed.in_a_process(None)["resident_mb"] < 300


def test_the_bench_says_what_it_cannot_compare_with_and_why() -> None:
    result = json.loads(CliRunner().invoke(command, []).stdout)
    assert result["texts_per_second"] > 0
    for name, missing in (("ratio_to_pipeline", "pipeline_missing"), ("ratio_to_limit", "limit_missing")):
        assert (result[name] is None) == (missing in result)
