"""How far two distributions are apart."""

import numpy as np
from scipy.spatial.distance import jensenshannon


def jensen_shannon(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Jensen-Shannon divergence in bits: 0 for equal shares, 1 for nothing in common.

    Args:
        one: `[..., n]` counts or shares of the same names.
        other: the same.

    Returns:
        `[...]` floats from 0 to 1, NaN where one of both is all 0.

    Reference:
        Lin: Divergence Measures Based on the Shannon Entropy (IEEE Transactions on
        Information Theory, 1991), https://doi.org/10.1109/18.61115
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = jensenshannon(one, other, base=2, axis=-1)
    return np.clip(distance**2, 0.0, 1.0)
