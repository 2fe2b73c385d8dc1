"""Two answers to one request compared: equal, but for the rounding of floats."""

import numpy as np

RTOL, ATOL = 1e-5, 1e-6  # of floats; NaN equals NaN


def compare(expected, found):
    """What differs between two answers.

    Floats may differ by rounding; all else must be equal. In a ranking, an answer
    with `scores` `[batch, k]`, best first, rounding also decides which of two items
    with close scores comes first, and which is the last to come: at such places
    only the scores are compared.

    Args:
        expected: `{output name: array}`.
        found: `{output name: array}`.

    Returns:
        List of one sentence per output that differs, empty where none does.

    Example:
        >>> compare({"scores": np.ones([1, 1])}, {"scores": np.zeros([1, 1])})
        ['output `scores`: 1 of 1 values differ, the worst is 0.0 instead of 1.0.']
    """
    problems = []
    is_tied = _ties(np.asarray(expected["scores"])) if "scores" in expected else False
    for name in sorted(expected.keys() | found.keys()):
        if name not in expected or name not in found:
            holder = "the saved model" if name in found else "the model in memory"
            problems.append(f"output `{name}`: only {holder} has it.")
            continue
        arrays = np.asarray(expected[name]), np.asarray(found[name])
        difference = _difference(*arrays, is_tied if name != "scores" else False)
        if difference:
            problems.append(f"output `{name}`: {difference}")
    return problems


def _difference(expected, found, is_excused):
    """In words, or `""` where two arrays are equal enough."""
    kinds = [f"{array.dtype} {list(array.shape)}" for array in (expected, found)]
    if kinds[0] != kinds[1]:
        return f"expected {kinds[0]}, found {kinds[1]}."
    is_float = np.issubdtype(expected.dtype, np.floating)
    is_same = _is_close(expected, found) if is_float else expected == found
    is_same = is_same | is_excused
    if is_same.all():
        return ""
    expected, found = expected[~is_same], found[~is_same]
    place = _worst(expected, found) if is_float else 0
    return (
        f"{len(found)} of {is_same.size} values differ, the "
        f"{'worst' if is_float else 'first'} is {found[place]} instead of "
        f"{expected[place]}."
    )


def _ties(scores):
    """Places of a ranking that rounding fills, bool `[batch, k]`."""
    following = np.pad(scores[:, 1:], [[0, 0], [0, 1]], constant_values=-np.inf)
    is_real = np.isfinite(scores)
    is_last = is_real & ~np.isfinite(following)
    ties_below = is_real & _is_close(scores, following)
    ties_above = np.pad(ties_below, [[0, 0], [1, 0]])[:, :-1]
    return is_last | ties_below | ties_above


def _is_close(expected, found):
    return np.isclose(found, expected, RTOL, ATOL, equal_nan=True)


def _worst(expected, found):
    with np.errstate(invalid="ignore"):
        return np.argmax(np.abs(found - expected))  # of NaN, if there is one
