"""Probabilities as yes or no: the counts and shares at a threshold."""

from typing import Any

import numpy as np


def best_threshold(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """The probability from which "yes" has the best F1.

    Args:
        labels: `[n]` bool array.
        probabilities: `[n]` float array.

    Returns:
        One of the probabilities, the highest of equals; 0.5 if the labels are of one
        class, because any threshold is as good then.
    """
    labels = np.asarray(labels, bool)
    if labels.all() or not labels.any():
        return 0.5
    order = np.argsort(-np.asarray(probabilities, float), kind="stable")
    ordered = np.asarray(probabilities, float)[order]
    found = np.cumsum(labels[order])
    f1 = 2 * found / (np.arange(1, len(labels) + 1) + labels.sum())
    is_last = np.append(ordered[1:] != ordered[:-1], True)  # equals share their answer
    return float(ordered[np.argmax(np.where(is_last, f1, -1.0))])


def at_threshold(
    labels: np.ndarray, probabilities: np.ndarray, threshold: float
) -> dict[str, Any]:
    """Accuracy, precision, recall and F1 of "yes from this probability on".

    Args:
        labels: `[n]` bool array, at least one.
        probabilities: `[n]` float array.
        threshold: float between 0 and 1.

    Returns:
        Dict of `threshold`, the four shares, None where one has no value, the counts
        `true_positive`, `false_positive`, `false_negative` and `true_negative`, and
        `note`, a sentence where the labels are of one class, else `""`.
    """
    labels = np.asarray(labels, bool)
    says_yes = np.asarray(probabilities, float) >= threshold
    hits, alarms = int((says_yes & labels).sum()), int((says_yes & ~labels).sum())
    misses, rests = int((~says_yes & labels).sum()), int((~says_yes & ~labels).sum())
    return {
        "threshold": float(threshold),
        "accuracy": _share(hits + rests, len(labels)),
        "precision": _share(hits, hits + alarms),
        "recall": _share(hits, hits + misses),
        "f1": _share(2 * hits, 2 * hits + alarms + misses),
        "true_positive": hits,
        "false_positive": alarms,
        "false_negative": misses,
        "true_negative": rests,
        "note": _note(labels),
    }


def _note(labels):
    if not labels.all() and labels.any():
        return ""
    only = "positive" if labels.all() else "negative"
    return (
        f"All {len(labels):,} examples are {only}, so these figures do not say whether "
        "the model tells positive from negative."
    )


def _share(part, whole):
    return part / whole if whole else None
