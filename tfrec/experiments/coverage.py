"""How much of the catalogue the lists of an arm reach."""

import numpy as np
import pandas as pd
from scipy.special import gammaln


def coverage_of(shown: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Distinct items by arm, as they are and for equally many impressions.

    An arm with more impressions reaches more items by that alone. So the expected
    number of distinct items is given as well for a sample of each arm that has as many
    impressions as the smallest arm.

    Args:
        shown: impressions of the experiment with `arm` and `item_id`.

    Returns:
        Dict of arm -> `items`, `share` (of the items that any arm has shown) and
        `share_of_equal_sample`.

    Reference:
        Hurlbert, The Nonconcept of Species Diversity, Ecology 1971,
        https://doi.org/10.2307/1934145
    """
    known = shown["item_id"].nunique()
    smallest = int(shown.groupby("arm").size().min()) if len(shown) else 0
    found = {}
    for arm, rows in shown.groupby("arm"):
        counts = rows["item_id"].value_counts().to_numpy()
        expected = expected_items(counts, smallest)
        found[str(arm)] = {
            "items": len(counts),
            "share": len(counts) / known,
            "share_of_equal_sample": expected / known,
        }
    return found


def expected_items(counts: np.ndarray, size: int) -> float:
    """Expected number of distinct items in a sample without replacement.

    Args:
        counts: `[num_items]` int array, impressions of each item.
        size: int, impressions in the sample, at most `counts.sum()`.

    Example:
        >>> round(expected_items(np.array([1, 1]), 1), 6)
        1.0
    """
    total = counts.sum()
    others = total - counts  # impressions that are not of the item
    can_miss = others >= size
    left = others[can_miss]
    log_missed = gammaln(left + 1) - gammaln(left - size + 1)
    log_missed -= gammaln(total + 1) - gammaln(total - size + 1)
    return float(len(counts) - np.exp(log_missed).sum())
