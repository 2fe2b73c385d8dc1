"""The packages of the extra `words`, imported when a text needs them."""

import warnings
from typing import Any

from tfrec.optional import import_optional


def words_package(name: str) -> Any:
    """Imports a package, without the warnings of its own old code.

    Args:
        name: dotted module name.

    Raises:
        MissingPackageError: it is not installed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return import_optional(
            name,
            "keywords, topics, sentiment and language of texts",
            'Install the extra: pip install "tfrec[words]".',
        )
