"""The package as it is installed: names, versions, programs, files."""

import configparser
import importlib
import importlib.metadata
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tomllib

import pytest

ROOT = pathlib.Path(__file__).parents[1]
MAKEFILE = (ROOT / "Makefile").read_text()
SETUP = configparser.ConfigParser()
SETUP.read(ROOT / "setup.cfg")
EXTRAS = SETUP["options.extras_require"]
TIED = {"scann", "tf-keras", "tensorflow-recommenders", "keras-hub"}
SCRIPTS = dict(
    line.split(" = ")
    for line in SETUP["options.entry_points"]["console_scripts"].split("\n")
    if line
)


def requirements(text):
    """`(name, range, marker)` of each line of a setup.cfg list."""
    for line in filter(None, text.split("\n")):
        yield re.fullmatch(r"([\w-]+)([^;]*)(?:; (.*))?", line).groups()


@pytest.mark.parametrize("name", SCRIPTS)
def test_each_command_is_a_program_with_help(name):
    module, function = SCRIPTS[name].split(":")
    assert callable(getattr(importlib.import_module(module), function))
    done = subprocess.run(
        [sys.executable, "-m", module, "--help"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "100", "NO_COLOR": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert "Usage: " in done.stdout


@pytest.mark.parametrize("name", SCRIPTS)
def test_help_does_not_wait_for_tensorflow(name):
    module = SCRIPTS[name].split(":")[0]
    code = f"import sys, {module}; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_the_consumer_does_without_the_web_framework_that_its_extra_lacks():
    assert "fastapi" not in SETUP["options.extras_require"]["stream"]
    code = (
        "import sys, serving.stream.consume, serving.user_states.opening\n"
        "sys.exit('starlette' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_an_unknown_option_is_a_usage_error():
    command = [sys.executable, "-m", "training.train", "--no-such-option"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 2
    assert "No such option" in done.stderr


def test_every_dependency_has_a_lower_bound_and_is_met_here():
    found = list(requirements(SETUP["options"]["install_requires"]))
    assert len(found) > 10
    for name, bounds, marker in found:
        assert ">=" in bounds, name
        if marker and not sys.platform.startswith("linux"):
            continue
        low = re.search(r">=([\d.]+)", bounds)[1]
        installed = importlib.metadata.version(name)
        assert numbers(installed) >= numbers(low), (name, installed)


def numbers(version):
    return [int(part) for part in re.findall(r"\d+", version)[:3]]


def test_what_is_tied_to_one_tensorflow_has_an_upper_bound():
    bounds = {n: b for n, b, _ in requirements(SETUP["options"]["install_requires"])}
    for extra in ("scann", "presets"):
        bounds |= {n: b for n, b, _ in requirements(EXTRAS[extra])}
    for name in ("tensorflow", "tensorflow-text", "tensorflow-serving-api", *TIED):
        assert ",<" in bounds[name], name


def test_packages_are_only_asked_for_where_they_have_wheels():
    markers = {n: m for n, _, m in requirements(SETUP["options"]["install_requires"])}
    assert markers["tensorflow-text"] == 'platform_system != "Windows"'
    scann = {marker for *_, marker in requirements(EXTRAS["scann"])}
    assert scann == {'platform_system == "Linux"'}


def test_scann_brings_its_own_tensorflow_and_is_no_requirement():
    """Only `scann[tf]` names the TensorFlow that its ops load in."""
    bounds = {n: b for n, b, _ in requirements(EXTRAS["scann"])}
    assert bounds["scann"].startswith("[tf]")
    required = {n for n, *_ in requirements(SETUP["options"]["install_requires"])}
    assert not required & TIED


def test_make_installs_extras_that_exist():
    assert "scann" in of_make("EXTRAS").split(",")
    for name in ("EXTRAS", "NEXT_EXTRAS"):
        assert set(of_make(name).split(",")) <= set(EXTRAS)


def test_the_next_tensorflow_has_tests_and_neither_scann_nor_kerashub():
    assert not {"scann", "presets"} & set(of_make("NEXT_EXTRAS").split(","))
    tests = of_make("NEXT_TESTS").replace("\\\n", " ").split()
    assert all((ROOT / "tests" / name).exists() for name in tests)
    assert f"{of_make('NEXT')}/" in (ROOT / ".gitignore").read_text().split()


def of_make(variable):
    pattern = rf"^{variable} := ((?:.*\\\n)*.*)$"
    return re.search(pattern, MAKEFILE, re.MULTILINE)[1]


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
def test_make_alone_lists_every_target():
    done = subprocess.run(
        ["make", "--no-print-directory"], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    targets = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)[1].split()
    listed = re.findall(r"^  make ([\w-]+) +\S", done.stdout, re.MULTILINE)
    assert listed == targets


def test_ci_calls_what_people_call():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    lines = script.read_text().splitlines()
    assert lines[-2:] == ["make check", "make test"]


def test_the_change_log_knows_this_version():
    version = SETUP["metadata"]["version"]
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text()
    assert importlib.metadata.version("tfrec") == version


def test_configurations_travel_with_the_package():
    folder = importlib.import_module("training").__path__[0]
    kinds = ("configs/*.toml", "studies/*.toml")
    for path in (each for kind in kinds for each in (ROOT / "training").glob(kind)):
        assert tomllib.loads(path.read_text())
        assert pathlib.Path(folder, path.parent.name, path.name).is_file()
    assert SETUP["options.package_data"]["training"] == ", ".join(["py.typed", *kinds])


def test_every_file_of_messages_travels_with_the_package():
    data = SETUP["options.package_data"]
    for package in ("tfrec", "serving"):
        folder = ROOT / package
        packed = {
            path for kind in data[package].split(", ") for path in folder.glob(kind)
        }
        assert packed >= set(folder.rglob("*.proto")) > set()
        words = {each for each in folder.glob("words/*/*") if each.suffix != ".pyc"}
        assert packed >= words


def test_the_packages_tell_that_they_are_typed():
    for package in ("tfrec", "training", "serving"):
        assert "py.typed" in SETUP["options.package_data"][package].split(", ")
        assert (ROOT / package / "py.typed").is_file()


def test_products_stay_out_of_git():
    ignored = (ROOT / ".gitignore").read_text().split()
    assert {"runs/", "saved_models/*", "!saved_models/README.md"} <= set(ignored)
    assert (ROOT / "saved_models" / "README.md").is_file()


def test_the_licence_is_whole():
    text = (ROOT / "LICENSE").read_text()
    assert SETUP["metadata"]["license"] == "Apache-2.0"
    assert "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION" in text
    assert text.rstrip().endswith("limitations under the License.")


def test_the_light_package_holds_all_that_a_client_imports():
    path = ROOT / "serving" / "deploy" / "client" / "pyproject.toml"
    with path.open("rb") as file:
        told = tomllib.load(file)
    setuptools = told["tool"]["setuptools"]
    code = (
        "import importlib, pkgutil, sys, tfrec.client, tfrec.protocol\n"
        "for room in (tfrec.client, tfrec.protocol):\n"
        "    for each in pkgutil.iter_modules(room.__path__, room.__name__ + '.'):\n"
        "        importlib.import_module(each.name)\n"
        "print(*(name for name in sys.modules if name.startswith('tfrec.')))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    outside = {
        name
        for name in run.stdout.split()
        if not name.startswith(tuple(setuptools["packages"]))
    }
    assert run.returncode == 0, run.stderr
    assert outside == {*setuptools["py-modules"]} - {"tfrec.__init__"}
    assert setuptools["package-data"]["tfrec.client"] == ["../py.typed"]
    assert setuptools["package-data"]["tfrec.reasons"] == ["messages/*.toml"]
    assert told["project"]["version"] == SETUP["metadata"]["version"]


def test_a_folder_of_ones_own_may_be_called_as_ours(tmp_path):
    for name in ("training", "serving", "examples"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('not ours')")
    code = "import tfrec; print(tfrec.Recommender, tfrec.load, tfrec.Client)"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path
    )
    assert run.returncode == 0, run.stderr
