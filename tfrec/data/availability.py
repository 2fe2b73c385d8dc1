"""From when and until when items may be shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd  # a server reads this module and goes without


@dataclass(frozen=True, eq=False)
class Availability:
    """Limits in time of each item of a catalogue.

    Attributes:
        starts: `[num_items]` int64, UTC seconds, 0 = always.
        ends: `[num_items]` int64, first second that it is gone, 0 = for ever.

    Example:
        >>> limits = Availability(np.array([0, 50]), np.array([30, 0]))
        >>> limits.at(np.array([20, 30, 60])).tolist()
        [[True, False], [False, False], [False, True]]
    """

    starts: np.ndarray
    ends: np.ndarray

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Availability | None:
        """That of an item table; None where no item has a limit.

        Args:
            frame: has `available_from` and `available_until`.
        """
        starts = frame["available_from"].to_numpy(np.int64)
        ends = frame["available_until"].to_numpy(np.int64)
        return cls(starts, ends) if (starts | ends).any() else None

    def at(self, times: np.ndarray) -> np.ndarray:
        """`[n, num_items]` bool: which items may be shown at `[n]` UTC seconds."""
        return is_within(times[:, None], self.starts, self.ends)

    def of_pairs(self, rows: np.ndarray, times: np.ndarray) -> np.ndarray:
        """`[n]` bool: whether item `rows[i]` may be shown at `times[i]`."""
        return is_within(times, self.starts[rows], self.ends[rows])


def is_within(times, starts, ends):
    """Whether times lie within limits: arrays or tensors that broadcast, as above."""
    return (starts <= times) & ((ends == 0) | (times < ends))
