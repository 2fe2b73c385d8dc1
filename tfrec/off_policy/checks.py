"""Arrays that an estimate is made of, refused in words where it would mean nothing."""

from collections.abc import Iterable

import numpy as np

from tfrec.errors import DataError


def importance_weights(propensities, targets, clip: float | None = None) -> np.ndarray:
    """How much more often the target policy takes each logged action than the log did.

    Args:
        propensities: `[n]` float array, probability of each action in the log.
        targets: `[n]` float array, probability of the same action under the target.
        clip: largest weight, None for no limit. Clipping lowers the variance and makes
            estimates of good actions too low.

    Returns:
        `[n]` float array.

    Raises:
        DataError: a propensity is not above 0 and at most 1, a target is not from 0 to
            1, `clip` is not above 0, or the arrays differ in length.
    """
    propensities, targets = as_columns(propensities=propensities, targets=targets)
    _check_range(
        "propensities",
        propensities,
        (propensities > 0) & (propensities <= 1),
        "above 0 and at most 1, because rewards are divided by the chance that the "
        "action had in the log",
    )
    _check_range(
        "targets",
        targets,
        (targets >= 0) & (targets <= 1),
        "from 0 to 1, because they are probabilities",
    )
    weights = targets / propensities
    if clip is None:
        return weights
    if not clip > 0:
        raise DataError(
            "`clip` must be above 0, because it is the largest weight. "
            f"Received: {clip}."
        )
    return np.minimum(weights, clip)


def as_columns(**arrays: Iterable[float]) -> list[np.ndarray]:
    """The arrays as floats, all of one length and finite.

    Raises:
        DataError: they are not, or are empty.
    """
    columns = {name: np.asarray(array, float) for name, array in arrays.items()}
    sizes = {name: column.shape for name, column in columns.items()}
    if len({*sizes.values()}) > 1 or any(len(size) != 1 for size in sizes.values()):
        shown = ", ".join(f"`{name}` {size}" for name, size in sizes.items())
        raise DataError(
            "Arrays must have one dimension and the same length, because each row is "
            f"one action. Received: {shown}."
        )
    for name, column in columns.items():
        if not len(column):
            raise DataError(
                f"`{name}` must have rows, because estimates are means. Received: none."
            )
        _check_range(name, column, np.isfinite(column), "finite numbers")
    return [*columns.values()]


def _check_range(name, column, is_good, rule):
    if not is_good.all():
        bad = column[~is_good]
        raise DataError(
            f"`{name}` must be {rule}. Received: {len(bad):,} of {len(column):,} rows "
            f"outside, first: {bad[0]:g}."
        )
