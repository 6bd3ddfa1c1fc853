"""The compose file and the Dockerfile say what the commands and settings know."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from cli.config import _File
from store.elastic.address import parse

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yml"
#: Read by others than `cli.config`.
ELSEWHERE = {"EARFUL_ELASTICSEARCH_PASSWORD"}


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = YAML(typ="safe").load(FILE)["services"]
    return found


def test_the_compose_file_keeps_to_its_schema() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(FILE)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_part_is_there_with_limits_and_a_health_check(services: dict[str, dict[str, Any]]) -> None:
    assert set(services) == {"elasticsearch", "redis", "scheduler", "web", "label", "crawl", "sender"}
    for name, service in services.items():
        assert service["mem_limit"], name
        assert service["healthcheck"]["test"], name
        assert service["restart"] == "unless-stopped", name
    assert services["label"]["deploy"]["replicas"] == services["crawl"]["deploy"]["replicas"] == 2
    assert "inside" in services["elasticsearch"]["networks"]
    assert "ports" not in services["elasticsearch"]
    assert "ports" not in services["redis"]


def test_every_command_and_setting_is_one_that_exists(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        if service["image"] != "earful:local":
            continue
        done = subprocess.run(
            [sys.executable, "-m", "cli", *service["command"], "--help"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, (name, done.stderr)
        known = {f"EARFUL_{field.upper()}" for field in _File.model_fields} | ELSEWHERE
        assert set(service["environment"]) <= known, name
        address = parse(service["environment"]["EARFUL_STORE_URL"], {})
        assert address.server == "http://elasticsearch:9200"


def test_no_secret_stands_in_the_file_and_none_is_left_unsaid() -> None:
    text = FILE.read_text()
    for line in text.splitlines():
        if re.search(r"PASSWORD|REDISCLI_AUTH:", line) and ":" in line and not line.lstrip().startswith("#"):
            assert re.search(r"\$\{EARFUL_\w*PASSWORD:\?", line) or "$$" in line, line


def test_the_image_holds_every_package_and_runs_without_rights() -> None:
    text = (ROOT / "Dockerfile").read_text()
    copied = set(re.findall(r"^COPY (\w+) \1$", text, re.MULTILINE))
    assert copied == {path.parent.name for path in ROOT.glob("*/__init__.py") if path.parent.name != "tests"}
    assert re.search(r"^USER earful$", text, re.MULTILINE)
    images = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert all(re.fullmatch(r"python:\d+\.\d+\.\d+-slim-\w+", image) for image in images)
    assert "--require-hashes" in text
    (installed,) = re.findall(r"-r (requirements/\w+\.txt)", text)
    packages = (ROOT / installed).read_text()
    # What a night's work needs, or it would be left out without a word.
    assert {"lifelines", "flask", "onnxruntime"} <= set(re.findall(r"^([\w-]+)==", packages, re.MULTILINE))
