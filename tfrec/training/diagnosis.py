"""What may have gone wrong with a training, in plain words."""

import math

import numpy as np

from tfrec.evaluation.metrics import expected_calibration_error
from tfrec.linear.rating_factors import MIN_NEGATIVES
from tfrec.text.readability import MAX_UNKNOWN

COLLAPSED = 0.99  # mean cosine of candidate vectors above which they are all alike
STUCK = 0.98  # share of the loss of guessing, which a learning model is soon below
OFF = 0.05  # expected calibration error that may mislead whoever sets a threshold
FEW = 100  # labels of a kind, below which probabilities are guesses
CHANCE_DRAWS = 200
MOST_GONE = 0.01  # of the judged choices, of items that could not be had
TOO_GOOD = 0.9  # NDCG@10 that no honest next-item split has been seen to give


def diagnose(choice, model, judged, split, reading):
    """Warnings about a trained model.

    Args:
        choice: `tfrec.training.trainer.Choice`.
        model: `HybridModel` that was evaluated.
        judged: `tfrec.training.evaluation.Judged`.
        split: `Split` that was judged.
        reading: `TextReading` of the items' texts, or None.

    Returns:
        List of sentences; empty when nothing looks wrong.
    """
    ours, *baselines = judged.evaluations
    candidates = model.towers.all_candidates().numpy()
    found = [
        collapsed(candidates[~split.is_cold]),
        stuck(choice.fit.losses, len(candidates)),
        no_better_than_popular(ours, baselines),
        too_good(ours.means["ndcg@10"]),
        few_refusals(choice.labels),
        few_labels(choice.num_labels, judged.interest.labels),
        miscalibrated(judged.interest),
        unread(reading),
        out_of_reach(split.queries),
        too_early(split.queries),
    ]
    return [warning for warning in found if warning]


def unread(reading):
    """A warning if the text encoder does not know many tokens of the texts."""
    if reading is None or (reading.unknown_tokens or 0) < MAX_UNKNOWN:
        return None
    scripts = ", ".join(
        f"{share:.0%} {name}" for name, share in reading.scripts.items()
    )
    return (
        f"The text encoder does not know {reading.unknown_tokens:.1%} of the tokens of "
        f"the items' texts, whose letters are {scripts}. Set `text.preset` to "
        '"multilingual", or `model.text_encoder` to "lstm".'
    )


def out_of_reach(queries):
    """A warning if people chose items at times at which none could be had."""
    limits = queries.interactions.availability
    if limits is None:
        return None
    times = np.repeat(queries.timestamps, np.diff(queries.target_offsets))
    share = 1 - limits.of_pairs(queries.target_rows, times).mean()
    if share <= MOST_GONE:
        return None
    return (
        f"{share:.0%} of the judged choices are of items outside their "
        "`available_from` and `available_until`. They count as missed, because no list "
        "may hold them. Check these columns."
    )


def too_early(queries):
    """A warning if people chose items before what these come after."""
    order = queries.interactions.prerequisites
    if order is None:
        return None
    share = 1 - order.of_targets(queries).mean()
    if share <= MOST_GONE:
        return None
    return (
        f"{share:.0%} of the judged choices are of items whose prerequisites are not "
        "in the history. They count as missed, because no list may hold them. Check "
        "the column `after`."
    )


def collapsed(candidates):
    """A warning if all candidate vectors point the same way, else None."""
    norms = np.linalg.norm(candidates, axis=1, keepdims=True)
    directions = candidates / np.maximum(norms, 1e-9)
    # Mean cosine of all pairs = squared length of the mean direction.
    cosine = float(np.square(directions.mean(axis=0)).sum())
    if cosine < COLLAPSED:
        return None
    return (
        f"The candidate tower has collapsed: its vectors have a mean cosine of "
        f"{cosine:.3f}. Lower `train.learning_rate`, or raise `model.temperature`."
    )


def stuck(losses, num_candidates):
    """A warning if the last loss is that of guessing among the candidates."""
    guessing = math.log(num_candidates)
    if not losses or losses[-1] < STUCK * guessing:
        return None
    return (
        f"The loss is stuck at {losses[-1]:.2f} nats; guessing among "
        f"{num_candidates} candidates gives {guessing:.2f}. Raise "
        "`train.learning_rate` or `train.max_epochs`, and look at the feedback rules."
    )


def no_better_than_popular(ours, baselines):
    """A warning if a list without any user beats the model."""
    popular = [each for each in baselines if each.name.startswith("popularity")]
    for each in popular:
        if ours.means["ndcg@10"] <= each.means["ndcg@10"]:
            return (
                f"The model (NDCG@10 {ours.means['ndcg@10']:.4f}) is no better than "
                f"{each.name} ({each.means['ndcg@10']:.4f}). The log may be too small, "
                "or its events say little of taste. Look at the slices in report.md."
            )
    return None


def too_good(ndcg):
    """A warning if a figure is too good to be honest."""
    if ndcg < TOO_GOOD:
        return None
    return (
        f"NDCG@10 is {ndcg:.3f}, too high to be valid: a feature may look past the "
        "cut. Check that timestamps are those of the events and that texts say "
        "nothing that was only known afterwards."
    )


def few_refusals(labels):
    """A warning if a log has explicit negatives, but too few to calibrate on."""
    if labels.is_explicit or not any(labels.negatives.values()):
        return None
    counts = ", ".join(f"{count} in {part}" for part, count in labels.negatives.items())
    return (
        f"The log has explicit negatives, but too few: {counts}, and each part needs "
        f"{MIN_NEGATIVES}. Calibration and report use random items instead, so a "
        "probability is that of a chosen item against a random one. Take a longer log, "
        "or larger `evaluation.test_fraction` and `evaluation.validation_fraction`."
    )


def few_labels(validation, test):
    """A warning if probabilities were fitted or judged on few labels.

    Args:
        validation: `(positive, negative)` labels of the calibration.
        test: `[n]` bool, the labels of the report.
    """
    num_positive = int(test.sum())
    parts = {"validation": validation, "test": (num_positive, len(test) - num_positive)}
    few = [
        f"{positive} positive and {negative} negative in {part}"
        for part, (positive, negative) in parts.items()
        if min(positive, negative) < FEW
    ]
    if not few:
        return None
    return (
        f"The probabilities rest on few labels: {', '.join(few)}; they need {FEW} of "
        "each kind. Order items by `scores`, and set no threshold."
    )


def miscalibrated(interest, seed=0):
    """A warning if our probabilities are off on the test, by more than chance.

    Args:
        interest: `Interest`, ours first.
        seed: int, of what chance alone would give.
    """
    ours = next(iter(interest.probabilities.values()))
    error = expected_calibration_error(interest.labels, ours)
    if error <= max(OFF, _error_by_chance(ours, np.random.default_rng(seed))):
        return None
    return (
        f"The probabilities are {error:.2f} off on the test (expected calibration "
        "error). What people choose may have changed since validation, or validation "
        "had few labels. Order items by `scores`, and set no threshold without the "
        "reliability diagram in report.md."
    )


def _error_by_chance(probabilities, rng):
    """What probabilities that are exactly right stay below in 99 cases of 100."""
    draws = rng.random((CHANCE_DRAWS, len(probabilities))) < probabilities
    errors = [expected_calibration_error(each, probabilities) for each in draws]
    return np.quantile(errors, 0.99)
