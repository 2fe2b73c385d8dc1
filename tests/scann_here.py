"""Tests that need the ScaNN index."""

import pytest

from tfrec import compat
from tfrec.errors import MissingPackageError


def need_scann():
    """Skips a test, or a whole file, where ScaNN is absent or does not load."""
    try:
        compat.tfrs_scann_layer()
    except MissingPackageError as error:
        pytest.skip(str(error), allow_module_level=True)
