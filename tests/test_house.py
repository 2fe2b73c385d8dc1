"""The house rules that a machine can check."""

import ast
import functools
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[1]
# A module may import from its own folder and from any folder on an earlier line.
LAYERS = [
    ["errors"],
    [
        "optional",
        "files",
        "toml",
        "quiet",
        "progress",
        "watched_file",
        "variables",
        "values",
        "plugins",
    ],
    ["config", "compat", "program", "protocol", "download"],
    ["data", "client"],
    ["datasets", "text", "evaluation", "retrieval"],
    ["linear", "towers"],
    ["hybrid", "baselines"],
    ["inference"],
    ["export"],
    ["training"],
    ["recommender"],
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
STRANGERS = {
    "tfrec": {"training", "serving", "examples", "benchmarks", "tests"},
    "training": {"serving", "examples", "benchmarks", "tests"},
    "serving": {"training", "examples", "benchmarks", "tests"},
}
# The one module that may import a package that must be coaxed at import.
GUARDED = {"tensorflow_recommenders": "tfrec/compat.py"}
MAX_FILE_LINES, MAX_BODY_LINES = 400, 45
TEXT_SUFFIXES = {".py", ".md", ".toml", ".cfg", ".yaml", ".yml", ".sh", ""}
TEXT_SUFFIXES |= {".html", ".css", ".js"}
# Written so that this file does not hold what it looks for.
DEVELOPER_PATHS = re.compile(r"(?<![\w.{}\-/])/(?:work|root|home|Users)/[\w.]")
REGISTRY_HOSTS = re.compile(r"pypi[.]org|pythonhosted[.]|index[-]url|npmjs[.]")
UNTIDY = {".git", ".venv", ".venv-next", "runs", "build", "saved_models"}

MODULES = sorted(path for room in STRANGERS for path in (ROOT / room).rglob("*.py"))
LIBRARY = [path for path in MODULES if path.is_relative_to(ROOT / "tfrec")]
SOURCES = sorted(
    path
    for folder in ("tfrec", "training", "serving", "tests", "examples", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
)


def each(paths):
    """Parametrises a test with `path`, shown as it stands in the repository."""
    ids = [str(path.relative_to(ROOT)) for path in paths]
    return pytest.mark.parametrize("path", paths, ids=ids)


def parse(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def imported_names(path):
    """Dotted names that the module at `path` imports, inside functions as well."""
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def text_files():
    """Files that people write: no hidden caches, no products of a run."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        is_product = parts[0] in UNTIDY or any(
            part.endswith(("_cache", "__pycache__", ".egg-info", ".hypothesis"))
            for part in parts
        )
        if path.is_file() and path.suffix in TEXT_SUFFIXES and not is_product:
            yield path


@each(MODULES)
def test_rooms_keep_to_themselves(path):
    room = path.relative_to(ROOT).parts[0]
    strangers = {n for n in imported_names(path) if n.split(".")[0] in STRANGERS[room]}
    assert not strangers, f"{room}/ may not import {sorted(strangers)}"


@each(LIBRARY)
def test_imports_point_down(path):
    here = path.relative_to(ROOT / "tfrec").parts[0].removesuffix(".py")
    if here == "__init__":
        return
    names = (name.split(".") for name in imported_names(path))
    folders = {parts[1] for parts in names if parts[0] == "tfrec"}
    upward = {name for name in folders - {here} if RANK[name] >= RANK[here]}
    assert not upward, f"{here} is on layer {RANK[here]}; above it: {sorted(upward)}"


@each(SOURCES)
def test_imports_name_their_module(path):
    relative = [
        node.lineno
        for node in ast.walk(parse(path))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert not relative, f"relative imports on lines {relative}"


@each(SOURCES)
def test_coaxed_packages_have_one_door(path):
    door = str(path.relative_to(ROOT))
    found = {name.split(".")[0] for name in imported_names(path)}
    strings = {
        node.value
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    for package, allowed in GUARDED.items():
        if door not in (allowed, "tests/test_house.py", "tests/test_compat.py"):
            assert package not in found | strings, f"only {allowed} imports {package}"


@each(MODULES)
def test_files_are_short(path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MAX_FILE_LINES, f"{lines} lines"


@each(MODULES)
def test_bodies_are_short(path):
    bodies = {
        node.name: node.end_lineno - first_line(node) + 1
        for node in ast.walk(parse(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    long = {name: size for name, size in bodies.items() if size > MAX_BODY_LINES}
    assert not long, f"lines of body: {long}"


def first_line(function):
    """Where the body begins, its docstring left out."""
    has_docstring = ast.get_docstring(function) is not None and len(function.body) > 1
    return function.body[1 if has_docstring else 0].lineno


# Methods whose meaning a framework fixes: Keras, threading, importlib, gRPC.
FRAMEWORK = {"build", "call", "get_config", "compute_loss", "run", "find_spec"}
FRAMEWORK |= {
    "Predict",
    "GetModelMetadata",
    "GetModelStatus",
    "HandleReloadConfigRequest",
}


@each(MODULES)
def test_public_names_have_docstrings(path):
    tree = parse(path)
    bare = [] if ast.get_docstring(tree) or not tree.body else ["the module"]
    bare += [node.name for node in public_nodes(tree) if not ast.get_docstring(node)]
    assert not bare, f"no docstring: {bare}"


def public_nodes(tree):
    """Public functions and classes, and the methods that public classes add."""
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    for node in tree.body:
        if isinstance(node, functions | ast.ClassDef) and is_public(node):
            yield node
        if isinstance(node, ast.ClassDef) and is_public(node):
            methods = (each for each in node.body if isinstance(each, functions))
            yield from (each for each in methods if is_public(each) and is_new(each))


def is_public(node):
    return not node.name.startswith("_")


def is_new(method):
    """Whether no contract, ours or a framework's, has said what the method does."""
    return method.name not in FRAMEWORK | contract_methods()


@functools.cache
def contract_methods():
    """Documented methods of classes that others inherit from."""
    classes = [
        node
        for path in MODULES
        for node in ast.walk(parse(path))
        if isinstance(node, ast.ClassDef)
    ]
    bases = {base.id for c in classes for base in c.bases if isinstance(base, ast.Name)}
    return {
        method.name
        for c in classes
        if c.name in bases
        for method in c.body
        if isinstance(method, ast.FunctionDef) and ast.get_docstring(method)
    }


@each(list(text_files()))
def test_nothing_points_to_one_machine(path):
    text = path.read_text(encoding="utf-8")
    found = [
        f"line {number}: {match[0]}"
        for pattern in (DEVELOPER_PATHS, REGISTRY_HOSTS)
        for number, line in enumerate(text.splitlines(), start=1)
        if (match := pattern.search(line))
    ]
    assert not found, found
