"""The benchmark of the cluster runs, and its figures are there."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from cli.benches.store import command
from tests.elasticsearch_server import fresh_url

pytestmark = [pytest.mark.elasticsearch, pytest.mark.timeout(600)]


def test_the_benchmark_of_the_cluster_tells_figures_and_ratios() -> None:
    url = fresh_url()
    asked = ["--quick", "--size", "1000", "--url", url]
    done = CliRunner().invoke(command, asked, catch_exceptions=False)
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert found["mentions"] == 1_000
    assert found["bulk"]["speed_against_helper"] > 0
    assert found["first_page"]["ratio_p95"] > 0
    assert "zqhit50" in [search["query"] for search in found["searches"]]
    again = CliRunner().invoke(command, asked)
    assert "holds something already" in str(again.exception)
