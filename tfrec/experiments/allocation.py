"""Whether the arms have as many people as they should, and nobody is in two."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import stats

from tfrec.errors import ConfigError

MISMATCH_P = 0.001  # below it, chance does not explain the numbers of people


def mismatch_p(people: Mapping[str, int], shares: Mapping[str, float]) -> float:
    """p of "the people were divided by these shares", by a chi-square test.

    Args:
        people: number of people by arm.
        shares: configured share by arm, above 0, in any unit.

    Returns:
        float in [0, 1]; 1 where nobody is in the experiment.

    Raises:
        ConfigError: an arm has people and no share, or a share is not above 0.

    Reference:
        Fabijan et al., Diagnosing Sample Ratio Mismatch in Online Controlled
        Experiments, KDD 2019, https://doi.org/10.1145/3292500.3330722

    Example:
        >>> round(mismatch_p({"a": 5000, "b": 5200}, {"a": 0.5, "b": 0.5}), 3)
        0.048
    """
    without = sorted(
        arm for arm, count in people.items() if count and arm not in shares
    )
    if without or not all(0 < share < np.inf for share in shares.values()):
        given = ", ".join(f"{arm}={share:g}" for arm, share in shares.items())
        raise ConfigError(
            "`shares` must give each arm of the experiment a number above 0, because "
            f"people are counted against it. Received: {given or 'none'}; arms in the "
            f"log: {', '.join(sorted(people))}."
        )
    observed = np.array([people.get(arm, 0) for arm in shares], float)
    if len(observed) < 2 or not observed.sum():
        return 1.0
    expected = np.array([*shares.values()]) / sum(shares.values()) * observed.sum()
    return float(stats.chisquare(observed, expected).pvalue)


def without_crossovers(impressions: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Leaves out everybody who was in several arms.

    Args:
        impressions: frame of one experiment with `person` and `arm`.

    Returns:
        The other people's impressions, and how many people were left out.
    """
    pairs = impressions[["person", "arm"]].drop_duplicates()
    twice = pairs["person"][pairs["person"].duplicated()].unique()
    kept = impressions[~impressions["person"].isin(twice)]
    return kept, len(twice)
