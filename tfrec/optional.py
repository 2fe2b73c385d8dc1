"""Packages that some platforms lack and some programs do without."""

import importlib
import sys
from collections.abc import Callable
from typing import Any

from tfrec.errors import MissingPackageError


def import_optional(
    name: str,
    purpose: str,
    instead: str,
    load: Callable[[str], Any] | None = None,
) -> Any:
    """Imports a package that may be absent.

    Args:
        name: dotted module name.
        purpose: what needs it, a noun phrase for the error message.
        instead: what to do without it, a sentence.
        load: what takes the name instead of Python's import, or None.

    Returns:
        The module, or what `load` returns.

    Raises:
        MissingPackageError: it is absent or does not load here.
    """
    try:
        return (load or importlib.import_module)(name)
    except _load_errors() as error:
        raise MissingPackageError(
            f"`{name}` is needed for {purpose}, but cannot be imported here "
            f"({error}). {instead}"
        ) from error


def _load_errors():
    """Libraries of ops that fit another TensorFlow raise an error of its own.

    Those that lack a library of the system raise Python's.
    """
    tensorflow = sys.modules.get("tensorflow")
    of_ops = (tensorflow.errors.NotFoundError,) if tensorflow else ()
    return (ImportError, OSError, *of_ops)
