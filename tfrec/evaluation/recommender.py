"""What every recommender, ours or a baseline, offers to the evaluation."""

from typing import Protocol, Self

import numpy as np

from tfrec.data.interactions import Interactions, Queries
from tfrec.data.schema import Items


class Ranker(Protocol):
    """Learns from a log, then scores the whole catalogue for live histories."""

    name: str

    def fit(self, train: Interactions, items: Items) -> Self:
        """Learns from `train`, whose item rows are the rows of `items`.

        Args:
            train: the log that may be seen.
            items: the catalogue, including items without any event.

        Returns:
            The recommender itself.
        """
        ...

    def score(self, queries: Queries) -> np.ndarray:
        """Scores of all items, higher is better.

        Args:
            queries: histories and the time of asking; the targets in it are
                for the judge only.

        Returns:
            `[len(queries), num_items]` float32 array. Seen items need no
            special care: the evaluation excludes them.
        """
        ...
