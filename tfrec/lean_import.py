"""TensorFlow and its op libraries without what a process that only runs models needs.

`import tensorflow` imports Keras, and Keras imports scikit-learn and matplotlib where
they are installed: together half of the time. This file imports the standard library
alone, because a process that must not know tfrec runs it too.
"""

import contextlib
import gc
import importlib
import importlib.util
import pathlib
import sys
from typing import Any

PLOTTING = ("matplotlib", "sklearn")  # Keras does without where they are absent
# What TensorFlow's own old Keras does without likewise.
OF_KERAS = ("h5py", "scipy")
OPS = {"tensorflow_text": "python/ops", "scann": "scann_ops/cc"}  # folder of libraries


@contextlib.contextmanager
def lean_imports(*hidden: str):
    """While it lasts, some packages cannot be imported, nor is garbage looked for.

    They can be afterwards. Of Keras, if it was imported meanwhile without `PLOTTING`,
    `plot_model` and the wrappers of scikit-learn stay unavailable in this process.
    Later searches for garbage leave out all that there is at the end.

    Args:
        *hidden: names of packages; one that has been imported already is not hidden.

    Example:
        >>> with lean_imports("antigravity"):
        ...     import antigravity
        Traceback (most recent call last):
        ModuleNotFoundError: import of antigravity halted; None in sys.modules
    """
    absent = [name for name in hidden if name not in sys.modules]
    looks_for_garbage = gc.isenabled()
    gc.disable()
    modules: dict[str, Any] = sys.modules
    modules |= dict.fromkeys(absent)  # so Python marks what is absent
    try:
        yield
    finally:
        for name in absent:
            del modules[name]
        gc.freeze()
        if looks_for_garbage:
            gc.enable()


def load_ops(package: str) -> None:
    """Registers the ops of a package without importing it, or Keras with it.

    Args:
        package: `"tensorflow_text"` or `"scann"`.

    Raises:
        ModuleNotFoundError: it is not installed.
        tf.errors.NotFoundError: it does not fit this TensorFlow.
    """
    import tensorflow as tf

    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError(f"No module named {package!r}")
    folder = pathlib.Path(found.submodule_search_locations[0], OPS[package])
    libraries = sorted(folder.glob("*.so"))
    for path in libraries:
        tf.load_op_library(str(path))
    if not libraries:  # it has them elsewhere, and knows where
        importlib.import_module(package)
