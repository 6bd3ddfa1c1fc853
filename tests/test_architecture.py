"""The rules that hold the tree together, measured over the code itself (docs: STYLE in the decisions)."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import apsw
import click
import pytest

from cli.main import earful
from core.records import KINDS
from store import open_store
from store.elastic import moving as elastic_records
from store.sqlite import moving as sqlite_records

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("core", "crawlers", "nlp", "store", "engage", "web", "cli")

#: Who may import what; everybody else asks that package.
ROOMS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("scrapy", "twisted", "protego", "feedparser", "selectolax"), ("crawlers",)),
    **dict.fromkeys(("apsw", "sqlite3", "elasticsearch", "elastic_transport"), ("store",)),
    **dict.fromkeys(("flask", "flask_wtf", "wtforms", "werkzeug", "jinja2", "gunicorn"), ("web", "cli")),
    **dict.fromkeys(("onnxruntime", "onnx", "torch", "transformers", "tokenizers"), ("nlp",)),
    "numpy": ("nlp", "store"),
    **dict.fromkeys(("celery", "kombu", "redis"), ("cli",)),
    **dict.fromkeys(("pydantic", "pydantic_settings", "click", "rich"), ("cli",)),
    # Survival analysis runs in a process of its own; nothing else may cost its two seconds of imports.
    **dict.fromkeys(("lifelines", "pandas"), ("engage",)),
    # One way out, past the guard that checks the dialled address (FAULTS B1).
    **dict.fromkeys(("requests", "requests_hardened"), ("engage",)),
    **dict.fromkeys(("httpx", "aiohttp", "urllib3", "urllib.request", "http.client"), ()),
}

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
LONG_FUNCTION = 30
SHORT_FUNCTIONS = 0.92
DOCUMENTED = 0.90
ANY_PER_THOUSAND = 10

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def sources() -> dict[Path, ast.Module]:
    """Return every module that is no test, by path."""
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return {path: ast.parse(path.read_text("utf-8"), str(path)) for path in paths}


def name(path: Path) -> str:
    """Return a path as a person names it."""
    return str(path.relative_to(ROOT))


def imports(tree: ast.Module) -> Iterator[str]:
    """Yield the full name of everything imported, late imports and `import_module` of a literal included."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                yield module
                yield from (f"{module}.{alias.name}" for alias in names)
            case ast.Call(ast.Attribute(attr="import_module"), [ast.Constant(str(module)), *_]):
                yield module


def inside(module: str, package: str) -> bool:
    """Tell whether `module` is `package` or lies in it."""
    return module == package or module.startswith(f"{package}.")


def functions() -> Iterator[tuple[Path, Function, int]]:
    """Yield every function with its number of lines, decorators left out."""
    for path, tree in sources().items():
        for node in ast.walk(tree):
            if isinstance(node, Function):
                yield path, node, (node.end_lineno or node.lineno) - node.lineno + 1


def comments(path: Path) -> Iterator[tuple[int, str]]:
    """Yield every comment with its line."""
    for token in tokenize.generate_tokens(io.StringIO(path.read_text("utf-8")).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def test_there_is_something_to_measure() -> None:
    assert len(sources()) > 50
    assert {path.relative_to(ROOT).parts[0] for path in sources()} == set(PACKAGES)


def test_imports_point_one_way() -> None:
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command as c; c()",
        "--no-cache",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("vendor", ROOMS)
def test_a_vendor_stays_in_its_room(vendor: str) -> None:
    rooms = ROOMS[vendor]
    strangers = [
        name(path)
        for path, tree in sources().items()
        if path.relative_to(ROOT).parts[0] not in rooms
        and any(inside(found, vendor) for found in imports(tree))
    ]
    assert strangers == [], f"{vendor} is imported outside {rooms}"


@pytest.mark.parametrize("vendor", ["requests", "requests_hardened", "socket"])
def test_replies_and_alerts_have_one_way_out(vendor: str) -> None:
    """`engage.outbound` checks the address that is dialled; nothing else in `engage` opens a connection."""
    doors = {
        name(path)
        for path, tree in sources().items()
        if path.relative_to(ROOT).parts[0] == "engage" and any(inside(i, vendor) for i in imports(tree))
    }
    assert doors == {"engage/outbound.py"}


def test_survival_analysis_is_imported_by_one_module() -> None:
    found = {
        name(path) for path, tree in sources().items() if any(inside(i, "lifelines") for i in imports(tree))
    }
    assert found == {"engage/insight/survival.py"}


def test_core_imports_only_the_standard_library_and_itself() -> None:
    strangers = {
        f"{name(path)}: {found}"
        for path, tree in sources().items()
        if path.is_relative_to(ROOT / "core")
        for found in imports(tree)
        if found.split(".")[0] not in {*sys.stdlib_module_names, "core"}
    }
    assert strangers == set()


def test_core_does_no_input_or_output() -> None:
    doors = (
        "socket",
        "subprocess",
        "urllib.request",
        "http",
        "asyncio",
        "threading",
        "multiprocessing",
        "logging",
        "os",
    )
    found = {
        f"{name(path)}: {module}"
        for path, tree in sources().items()
        if path.is_relative_to(ROOT / "core")
        for module in imports(tree)
        if any(inside(module, door) for door in doors)
    }
    assert found == set()


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = {name(path): len(path.read_text("utf-8").splitlines()) for path in sources()}
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_no_function_is_longer_than_60_lines_and_92_in_100_have_at_most_30() -> None:
    lengths = {f"{name(path)}:{node.lineno} {node.name}": lines for path, node, lines in functions()}
    assert {function: lines for function, lines in lengths.items() if lines > LONGEST_FUNCTION} == {}
    long = {function: lines for function, lines in lengths.items() if lines > LONG_FUNCTION}
    assert len(long) / len(lengths) <= 1 - SHORT_FUNCTIONS, long


def public(tree: ast.Module) -> Iterator[Function | ast.ClassDef]:
    """Yield public classes, functions and methods; what stands inside a function is nobody's business."""
    bodies: list[list[ast.stmt]] = [tree.body]
    for body in bodies:
        for node in body:
            if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
                yield node
                if isinstance(node, ast.ClassDef):
                    bodies.append(node.body)


def test_what_is_public_is_documented() -> None:
    found = [(path, node) for path, tree in sources().items() for node in public(tree)]
    bare = [f"{name(path)}:{node.lineno} {node.name}" for path, node in found if not ast.get_docstring(node)]
    assert len(bare) / len(found) <= 1 - DOCUMENTED, bare


def test_any_is_rare_and_core_has_none() -> None:
    lines = sum(len(path.read_text("utf-8").splitlines()) for path in sources())
    uses = [
        f"{name(path)}:{node.lineno}"
        for path, tree in sources().items()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Name) and node.id == "Any")
        or (isinstance(node, ast.Attribute) and node.attr == "Any")
    ]
    assert len(uses) * 1000 / lines <= ANY_PER_THOUSAND, uses
    assert [use for use in uses if use.startswith("core/")] == []


def test_no_type_is_ignored_without_saying_which_error_and_none_in_core() -> None:
    ignored = [
        (f"{name(path)}:{line}", comment)
        for path in sources()
        for line, comment in comments(path)
        if re.search(r"type:\s*ignore", comment)
    ]
    assert [where for where, comment in ignored if not re.search(r"type:\s*ignore\[[a-z-]+", comment)] == []
    assert [where for where, _ in ignored if where.startswith("core/")] == []


def test_no_module_is_a_drawer_for_everything() -> None:
    drawers = {"utils", "util", "misc", "helpers", "helper", "common", "base_utils"}
    assert [name(path) for path in sources() if path.stem in drawers] == []


# The pages

TEMPLATES = sorted((ROOT / "web" / "templates").rglob("*.html"))
SCRIPTS = sorted((ROOT / "web" / "static").rglob("*.js"))
_INLINE = {
    "a script with a body": re.compile(r"<script\b[^>]*>\s*[^\s<]", re.IGNORECASE),
    "a script without a source": re.compile(r"<script\b(?![^>]*\bsrc=)", re.IGNORECASE),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "an event attribute": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "a script address": re.compile(r"javascript:", re.IGNORECASE),
    "text taken for markup": re.compile(r"\|\s*safe\b|autoescape\s+false", re.IGNORECASE),
    "a request to another place": re.compile(
        r"<(?:script|link|img|iframe)\b[^>]*(?:src|href)=[\"']?(?:https?:)?//"
    ),
}
_MARKUP = re.compile(
    r"\.innerHTML\b|\.outerHTML\b|insertAdjacentHTML|document\.write\b|\beval\(|new Function\("
)


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_a_page_holds_no_inline_script_or_style_and_asks_nobody_else(path: Path) -> None:
    text = path.read_text("utf-8")
    assert [what for what, pattern in _INLINE.items() if pattern.search(text)] == []


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_a_script_never_makes_markup_out_of_text(path: Path) -> None:
    assert _MARKUP.findall(path.read_text("utf-8")) == []


def test_there_are_pages_to_look_at() -> None:
    assert TEMPLATES
    assert SCRIPTS


# The repository

#: Written apart, so that this file does not hold them itself.
_REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("repo1", "maven", "org"),
        ("proxy", "golang", "org"),
        ("registry", "yarnpkg", "com"),
        ("deb", "debian", "org"),
    )
]
_INDEX = re.compile(
    r"--(?:extra-)?index-url|--find-links|--trusted-host|^\s*index-url\s*=|^\s*registry\s*=", re.MULTILINE
)
_SKIPPED = {
    ".git",
    ".venv",
    ".venv.lock",
    "__pycache__",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".hypothesis",
}


def tracked() -> list[Path]:
    """Return the repository's files; without git, those that a checkout would have."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0 and done.stdout:
        return [path for part in done.stdout.split("\0") if part and (path := ROOT / part).is_file()]
    return [path for path in ROOT.rglob("*") if path.is_file() and not _SKIPPED.intersection(path.parts)]


def test_the_repository_names_no_registry() -> None:
    found = []
    for path in tracked():
        text = path.read_bytes().decode("utf-8", "replace")
        hosts = [host for host in _REGISTRIES if host in text]
        if hosts or (path != Path(__file__) and _INDEX.search(text)):
            found.append((name(path), hosts))
    assert found == [], "installing must work with whatever registry the machine is set up for"


def test_no_lock_file_with_addresses_is_kept() -> None:
    assert {path.name for path in tracked()} & {
        "uv.lock",
        "poetry.lock",
        "package-lock.json",
        "yarn.lock",
    } == set()


def test_every_pinned_requirement_has_a_hash() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text("utf-8").replace("\\\n", " ")
        pins = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
        assert [pin for pin in pins if "==" not in pin or "--hash=sha256:" not in pin] == [], path.name


# The commands


def commands(group: click.Command = earful, *above: str) -> Iterator[tuple[str, click.Command]]:
    """Yield every command of the command line, those of groups included."""
    with click.Context(group) as ctx:
        if not isinstance(group, click.Group):
            return
        for each in group.list_commands(ctx):
            command = group.get_command(ctx, each)
            assert command is not None, each
            yield " ".join((*above, each)), command
            yield from commands(command, *above, each)


def test_every_command_and_every_option_has_help() -> None:
    bare = [
        f"{called} {' '.join(option.opts)}".strip()
        for called, command in commands()
        for option in command.params
        if isinstance(option, click.Option) and not (option.help or option.hidden)
    ]
    bare += [called for called, command in commands() if not (command.help or "").strip()]
    assert bare == []


def test_the_commands_of_the_contract_that_are_here_have_their_names() -> None:
    here = {called for called, _ in commands()}
    assert here >= {
        "up",
        "test",
        "crawl",
        "read",
        "label",
        "search",
        "count",
        "check",
        "eval",
        "train",
        "import",
        "export",
    }


def test_every_table_is_made_into_records_or_stays_behind_with_a_reason(tmp_path: Path) -> None:
    """A new table that no record is made of would be lost by a move."""
    assert set(sqlite_records.KINDS) == set(elastic_records.KINDS) == set(KINDS)
    url = tmp_path / "tables.db"
    open_store(f"sqlite:///{url}").close()
    connection = apsw.Connection(str(url))
    there = {str(row[0]) for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    connection.close()
    moved = frozenset().union(*(kind.tables for kind in sqlite_records.KINDS.values()))
    assert {
        name for name in there if not name.startswith(("word_", "address_part_", "sqlite_"))
    } == moved | sqlite_records.STAY.keys()
