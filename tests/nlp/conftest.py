from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from core.labelling import Labeller, LabelRequest
from core.watch import Brand
from nlp import MODELS, open_labeller


@pytest.fixture(scope="session")
def labeller() -> Labeller:
    return open_labeller()


@pytest.fixture(scope="session")
def shipped() -> Path:
    return max(MODELS.glob("earful-en.v*"))


@pytest.fixture
def copied(shipped: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    shutil.copytree(shipped, folder)
    return folder


@pytest.fixture
def ask() -> Callable[..., LabelRequest]:
    def build(
        text: str, brand: str | None = None, *others: str, aliases: tuple[str, ...] = ()
    ) -> LabelRequest:
        target = Brand(name=brand, aliases=aliases) if brand else None
        return LabelRequest(text=text, brand=target, others=tuple(Brand(name=name) for name in others))

    return build


@pytest.fixture(scope="session")
def shared() -> Path:
    data = Path(__file__).resolve().parents[3] / "shared" / "data"
    if not data.is_dir():
        pytest.skip("the data sets (../shared/data) are not here")
    return data


@pytest.fixture
def write_jsonl(tmp_path: Path) -> Callable[[list[Mapping[str, object] | str]], Path]:
    def write(rows: list[Mapping[str, object] | str]) -> Path:
        path = tmp_path / "in.jsonl"
        lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write
