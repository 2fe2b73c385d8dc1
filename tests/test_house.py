"""The house rules that a machine can check."""

import ast
import collections
import functools
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[1]
# In each room, a module may import from its own folder and from any folder on an
# earlier line.
LAYERS = {
    "tfrec": [
        ["errors"],
        [
            "optional",
            "files",
            "toml",
            "quiet",
            "lean_import",
            "progress",
            "watched_file",
            "graphs",
            "garbage",
            "threads",
            "variables",
            "values",
            "plugins",
        ],
        ["config_rules", "feature_columns"],
        [
            "config",
            "feature_values",
            "compat",
            "program",
            "protocol",
            "download",
            "reasons",
        ],
        ["data", "client"],
        ["datasets", "text", "evaluation", "retrieval", "features"],
        ["linear", "towers"],
        ["hybrid", "baselines", "experiments", "off_policy"],
        ["inference"],
        ["export"],
        ["training"],
        ["recommender"],
    ],
    "serving": [
        ["fields", "profile", "request_log", "text_protos", "wording"],
        ["http"],
        ["security", "user_states"],
        ["words", "interaction_log"],
        ["sentences"],
        ["rules"],
        ["model_server"],
        ["gateway", "stream", "batch", "examination"],
        ["batch_score", "batch_similar", "client", "doctor", "index", "local", "online"]
        + ["server", "write_texts"],
    ],
}
RANKS = {
    room: {name: rank for rank, names in enumerate(layers) for name in names}
    for room, layers in LAYERS.items()
}
STRANGERS = {
    "tfrec": {"training", "serving", "examples", "benchmarks", "tests"},
    "training": {"serving", "examples", "benchmarks", "tests"},
    "serving": {"training", "examples", "benchmarks", "tests"},
}
# The one module that may import a package that must be coaxed at import.
GUARDED = {"tensorflow_recommenders": "tfrec/compat.py"}
MAX_FILE_LINES, MAX_BODY_LINES, MAX_PARAMETERS = 400, 45, 8
# Functions that take more, because each parameter is something people write.
MANY_PARAMETERS = {
    "tfrec/client/predictor.py": {"recommend"},  # the request options, as keywords
    "tfrec/towers/two_tower.py": {"__init__"},  # the hyperparameters, as keywords
    "tfrec/text/bert.py": {"__init__"},  # the sizes, as Keras stores them
    "tfrec/evaluation/report.py": {"make_report"},  # the parts of a report
    "serving/gateway/app.py": {"read_options"},  # the fields of a URL's query
}
TEXT_SUFFIXES = {".py", ".md", ".toml", ".cfg", ".yaml", ".yml", ".sh", ""}
TEXT_SUFFIXES |= {".html", ".css", ".js"}
# Written so that this file does not hold what it looks for.
DEVELOPER_PATHS = re.compile(r"(?<![\w.{}\-/])/(?:work|root|home|Users)/[\w.]")
REGISTRY_HOSTS = re.compile(r"pypi[.]org|pythonhosted[.]|index[-]url|npmjs[.]")
UNTIDY = {".git", ".venv", ".venv-next", "runs", "build", "saved_models"}

MODULES = sorted(path for room in STRANGERS for path in (ROOT / room).rglob("*.py"))
LAYERED = [path for path in MODULES if path.relative_to(ROOT).parts[0] in LAYERS]
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


@each(LAYERED)
def test_imports_point_down(path):
    room, here = path.relative_to(ROOT).parts[:2]
    here, rank = here.removesuffix(".py"), RANKS[room]
    if here == "__init__":
        return
    names = (name.split(".") for name in imported_names(path))
    folders = {parts[1] for parts in names if parts[0] == room}
    upward = {name for name in folders - {here} if rank[name] >= rank[here]}
    assert not upward, f"{here} is on layer {rank[here]}; above it: {sorted(upward)}"


def test_a_public_class_has_its_name_alone():
    homes = collections.defaultdict(list)
    for path in MODULES:
        for node in parse(path).body:
            if isinstance(node, ast.ClassDef) and is_public(node):
                homes[node.name].append(str(path.relative_to(ROOT)))
    shared = {name: paths for name, paths in homes.items() if len(paths) > 1}
    assert not shared


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
        for node in functions_of(parse(path))
    }
    long = {name: size for name, size in bodies.items() if size > MAX_BODY_LINES}
    assert not long, f"lines of body: {long}"


def first_line(function):
    """Where the body begins, its docstring left out."""
    has_docstring = ast.get_docstring(function) is not None and len(function.body) > 1
    return function.body[1 if has_docstring else 0].lineno


@each(MODULES)
def test_functions_take_few_parameters(path):
    tree = parse(path)
    allowed = MANY_PARAMETERS.get(str(path.relative_to(ROOT)), set()) | programs(tree)
    many = {
        node.name: len(parameters(node))
        for node in functions_of(tree)
        if len(parameters(node)) > MAX_PARAMETERS and node.name not in allowed
    }
    assert not many, f"numbers of parameters: {many}"


def functions_of(tree):
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return (node for node in ast.walk(tree) if isinstance(node, kinds))


def parameters(function):
    """Names of what callers give, `*args` and `**options` left out."""
    taken = function.args
    names = [each.arg for each in (*taken.posonlyargs, *taken.args, *taken.kwonlyargs)]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


def programs(tree):
    """Functions that a module runs as programs: their parameters are the flags."""
    return {
        node.args[0].id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "run_program"
    }


# Methods whose meaning a framework fixes: Keras, threading, importlib, gRPC.
FRAMEWORK = {"build", "call", "get_config", "from_config", "compute_loss", "run"}
FRAMEWORK |= {
    "find_spec",
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


# Words that say nothing by themselves.
FILLERS = (
    "a an and are as at be by for from in is it its of on one or that the their these "
    "this those to what which with"
)


@each(MODULES)
def test_docstrings_say_more_than_names(path):
    tree = parse(path)
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    named = [(path.stem, tree)]
    named += [(n.name, n) for n in ast.walk(tree) if isinstance(n, kinds)]
    empty = [
        name for name, node in named if only_repeats(name, ast.get_docstring(node))
    ]
    assert not empty, f"docstrings that only repeat a name: {empty}"


def only_repeats(name, docstring):
    """Whether each word of a docstring is one of the name's, maybe in the plural."""
    known = stems(f"{name} {FILLERS}")
    return docstring is not None and stems(docstring) <= known


def stems(text):
    """Words of a name in either spelling, or of prose, without the `s` of a plural."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", text)
    return {word.lower().rstrip("s") for word in words}


def test_a_docstring_that_only_repeats_is_found():
    assert only_repeats("read_items", "Reads the items.")
    assert only_repeats("ItemTable", "The table of items.")
    assert not only_repeats("read_items", "The catalogue of a file.")
    assert not only_repeats("read_items", None)


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
