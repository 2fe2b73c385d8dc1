"""TensorFlow's and ScaNN's notes, on which nobody who uses tfrec can act.

`import tfrec` asks for silence before TensorFlow is there; whoever sets
`TF_CPP_MIN_LOG_LEVEL` to "0" hears it all. Errors stay: of the runtime's lines of level
E just one is left out, that there is no GPU driver where none is installed. What
TensorFlow 2.21 says of CUDA while its libraries are being loaded comes too early.
"""

import contextlib
import importlib.abc
import importlib.util
import logging
import os
import pathlib
import re
import sys
from typing import Any

LEVEL = "TF_CPP_MIN_LOG_LEVEL"
# Of the C++ libraries that log by Abseil, which hears of no variable, by package.
LIBRARIES = {
    "tensorflow": ["libtensorflow_framework.so.2", "libtensorflow_framework.2.dylib"],
    "scann": [
        "scann_ops/cc/_scann_ops.so",
        "scann_ops/cc/python/scann_pybind.so",
    ],
}
# absl::SetMinLogLevel(absl::LogSeverityAtLeast) of the Abseil that they hold, which is
# another one in TensorFlow 2.20 (and ScaNN) than in 2.21.
SET_LEVELS = [
    f"_ZN4absl12lts_{date}14SetMinLogLevelENS0_18LogSeverityAtLeastE"
    for date in ("20250127", "20250814")
]
ERROR = 2
# TensorFlow takes functions that are made on one line of code for one function, and a
# new one for a retracing: these are made per model, and traced once each.
MADE_ANEW = re.compile(r"(TwoTower|_signature)\..* triggered tf\.function")


def ask_for_silence():
    """Quiets TensorFlow and ScaNN, now or as soon as they are imported."""
    os.environ.setdefault(LEVEL, "2")
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    if os.environ[LEVEL] == "0":
        return
    logging.getLogger("tensorflow").addFilter(_is_worth_reading)
    for package in LIBRARIES:
        if package in sys.modules:
            if sys.modules[package] is not None:  # so Python marks what is absent
                _quiet(sys.modules[package])
        else:
            sys.meta_path.insert(0, _WhenImported(package))


class _WhenImported(importlib.abc.MetaPathFinder):
    """Quiets a package right after its own import, and then is gone."""

    def __init__(self, package):
        self._package = package

    def find_spec(self, fullname, path=None, target=None):
        if fullname != self._package:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        loader: Any = spec and spec.loader
        if loader is not None:
            run = loader.exec_module

            def exec_module(module):
                run(module)
                _quiet(module)

            loader.exec_module = exec_module
        return spec


def _quiet(module):
    folder = pathlib.Path(module.__file__).parent
    for name in LIBRARIES[module.__name__]:
        _set_level(folder / name)
    if module.__name__ == "tensorflow" and not _has_gpu_driver():
        with _without_a_line("failed call to cuInit"):
            module.config.list_physical_devices()


def _set_level(path):
    """Tells a library that is loaded already; one of another Abseil goes on talking."""
    import ctypes

    for name in SET_LEVELS:
        with contextlib.suppress(OSError, AttributeError):
            library = ctypes.CDLL(str(path), mode=os.RTLD_NOLOAD | os.RTLD_NOW)
            getattr(library, name)(ERROR)


def _has_gpu_driver():
    import ctypes

    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True


@contextlib.contextmanager
def _without_a_line(words):
    """Holds back what is written to stderr, and then drops lines with `words`.

    A file descriptor, since C++ writes past `sys.stderr`.
    """
    import tempfile

    with tempfile.TemporaryFile() as held, _duplicate(2) as stderr:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            held.seek(0)
            for line in held:
                if words.encode() not in line:
                    os.write(2, line)


@contextlib.contextmanager
def _duplicate(descriptor):
    copy = os.dup(descriptor)
    try:
        yield copy
    finally:
        os.close(copy)


def _is_worth_reading(record):
    return not MADE_ANEW.search(record.getMessage())
