"""What people have now: live counts of items, as requests bring them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from tfrec.client.checking import QueryError, finite, read_ids

PopularLike: TypeAlias = "Popular | Mapping[Any, float | tuple[float, float]]"


@dataclass(frozen=True)
class Popular:
    """How often items are had now, as columns: counts of events that fade.

    Attributes:
        item_ids: `[n]` strings.
        counts: `[n]` float32, each event counts half as much after a week.
        recent: `[n]` float32, the same after an hour.
        total: of all items together, as `counts`; the sum of these if that is more.
    """

    item_ids: np.ndarray = field(default_factory=lambda: np.array([], object))
    counts: np.ndarray = field(default_factory=lambda: np.array([], "float32"))
    recent: np.ndarray = field(default_factory=lambda: np.array([], "float32"))
    total: float = 0.0

    @classmethod
    def of(cls, counts: PopularLike, total: float = 0.0) -> Popular:
        """Of item id to a count, or to a pair of counts, the second of the last hour.

        Raises:
            QueryError: it is no mapping, or an id or a number breaks a rule.

        Example:
            >>> Popular.of({"a": (9, 5), "b": 2}).recent.tolist()
            [5.0, 0.0]
        """
        if isinstance(counts, Popular):
            return counts
        if not isinstance(counts, Mapping):
            raise QueryError(
                "`popular` must be a mapping of item ids to counts, because an item is "
                f"nothing without its count. Received: {counts!r:.80}."
            )
        pairs = [each if _is_pair(each) else (each, 0) for each in counts.values()]
        numbers = finite("popular", [*pairs, (total, 0)])
        if (numbers < 0).any():
            raise QueryError(
                "`popular` must hold counts of at least 0, because they are numbers of "
                f"events. Received: {numbers.min():g}."
            )
        ids = np.array(read_ids("popular", [*counts]), object)
        return cls(ids, numbers[:-1, 0], numbers[:-1, 1], float(numbers[-1, 0]))


def _is_pair(value: Any) -> bool:
    return isinstance(value, tuple | list) and len(value) == 2
