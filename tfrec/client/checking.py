"""What callers give, checked: ids and numbers."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tfrec.errors import ServingError
from tfrec.values import MAX_NUMBER, read_given_id


class QueryError(ServingError, ValueError):
    """What is asked cannot be put into a request."""


def finite(name: str, numbers: npt.ArrayLike) -> np.ndarray:
    """Numbers as a float32 array.

    Raises:
        QueryError: one is no number, infinite or not of 32 bits.
    """
    try:
        array = np.asarray(numbers, "float64")
    except (ValueError, TypeError, OverflowError) as error:
        raise QueryError(f"`{name}` must be numbers: {error}.") from error
    if np.isnan(array).any():
        raise QueryError(f"`{name}` must be finite. Received: NaN.")
    beyond = array[np.abs(array) > MAX_NUMBER]
    if beyond.size:
        raise QueryError(
            f"`{name}` must be a finite number of 32 bits. Received: {beyond[0]}."
        )
    return array.astype("float32")


def read_ids(name: str, raw: Sequence) -> list[str]:
    """Ids of items, as every door reads them.

    Raises:
        QueryError: one is no id.
    """
    return read_each(name, raw, read_given_id)


def read_each(name: str, raw: Iterable, read: Callable[[Any], str]) -> list[str]:
    """What `read` makes of each; a QueryError where it refuses one."""
    try:
        return [read(each) for each in raw]
    except ValueError as error:
        raise QueryError(f"`{name}` {error}. Received: {list(raw)!r:.80}.") from None
