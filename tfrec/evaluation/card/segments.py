"""How honest probabilities are in parts of the examples."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tfrec.evaluation.metrics import expected_calibration_error, reliability

FEW = 100  # examples of either label, below which a calibration error says little
FEW_PEOPLE = 20  # the same; examples of one person resemble each other
LENGTHS = {"no history": 0, "1 to 5 events": 5, "6 to 20 events": 20}
LONGEST = "more than 20 events"
ORDER = (*LENGTHS, LONGEST)
DRAWS = 200


def calibration_by_segment(
    labels: np.ndarray,
    probabilities: np.ndarray,
    users: np.ndarray,
    segments: Mapping[str, np.ndarray],
    seed: int = 0,
) -> dict[str, list[dict[str, Any]]]:
    """Calibration in each part, by each way to part the examples.

    Args:
        labels: `[n]` bool array.
        probabilities: `[n]` float array.
        users: `[n]` int array, whom each example is about.
        segments: what parts them -> `[n]` object array of names; `""` is left out.
        seed: of what chance alone would give.

    Returns:
        What parts them -> list of dicts, see `calibration_of`, each with `segment`.
    """

    def judge(is_in):
        return calibration_of(labels[is_in], probabilities[is_in], users[is_in], seed)

    return {
        kind: [{"segment": name} | judge(names == name) for name in _ordered(names)]
        for kind, names in segments.items()
    }


def calibration_of(
    labels: np.ndarray, probabilities: np.ndarray, users: np.ndarray, seed: int = 0
) -> dict[str, Any]:
    """Promised and observed interest.

    Args:
        labels: `[n]` bool array, at least one.
        probabilities: `[n]` float array.
        users: `[n]` int array, whom each example is about.
        seed: of what chance alone would give.

    Returns:
        Dict of `num_examples`, `num_people`, `num_positive`, `promised` (mean
        probability), `observed` (share of positives), `error` (expected calibration
        error), `error_by_chance` (what right probabilities stay below in 99 of 100
        cases) and `is_few`, whether there are too few people, or examples of a label,
        to judge.
    """
    labels = np.asarray(labels, bool)
    num_positive, num_people = int(labels.sum()), len(np.unique(users))
    fewer = min(num_positive, len(labels) - num_positive)
    return {
        "num_examples": len(labels),
        "num_people": num_people,
        "num_positive": num_positive,
        "promised": float(np.mean(probabilities)),
        "observed": float(labels.mean()),
        "error": expected_calibration_error(labels, probabilities),
        "error_by_chance": _error_by_chance(probabilities, seed),
        "is_few": fewer < FEW or num_people < FEW_PEOPLE,
    }


def length_segments(lengths: np.ndarray) -> np.ndarray:
    """`[n]` object array: the name of each history's length."""
    found = np.full(len(lengths), LONGEST, object)
    for name, most in reversed(LENGTHS.items()):
        found[lengths <= most] = name
    return found


def _ordered(names):
    there = sorted(set(names.tolist()) - {""})
    return [n for n in ORDER if n in there] + [n for n in there if n not in ORDER]


def _error_by_chance(probabilities, seed):
    """99 % quantile of the error if every probability is right.

    The observed share of a bin is then about normal around the promised one, so bins
    are drawn, not examples.
    """
    order = np.sort(np.asarray(probabilities, float))
    labels = np.zeros(len(order), bool)
    _, _, counts = reliability(labels, order)
    starts = np.cumsum(counts) - counts
    variances = np.add.reduceat(order * (1 - order), starts)
    drawn = np.random.default_rng(seed).normal(size=(DRAWS, len(counts)))
    errors = np.abs(drawn * np.sqrt(variances)).sum(axis=1) / len(order)
    return float(np.quantile(errors, 0.99))
