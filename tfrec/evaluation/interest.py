"""How right and how honest probabilities of interest are."""

import dataclasses

import numpy as np

from tfrec.evaluation.bootstrap import paired_bootstrap
from tfrec.evaluation.metrics import (
    auc,
    expected_calibration_error,
    log_loss,
    log_losses,
    reliability,
)


@dataclasses.dataclass(frozen=True)
class InterestEvaluation:
    """What several models say of the same questions, and the answers."""

    labels: np.ndarray  # [n] bool
    users: np.ndarray  # [n] int, whom each question is about
    probabilities: dict  # model -> [n] float array, ours first
    is_explicit: bool  # whether the zeros were refused, not drawn at random


def judge_interest(interest, num_samples=1000, seed=0):
    """The figures of every model, and how far ours is ahead in log loss.

    Args:
        interest: `InterestEvaluation`.
        num_samples: int, of the bootstrap.
        seed: int, of the bootstrap.

    Returns:
        dict as `judge_probabilities` gives it for our model, with `zeros`, what they
        are, and `baselines`: name -> the same, without `reliability`, and `against`.
    """
    (_, ours), *others = interest.probabilities.items()
    found = {
        **judge_probabilities(interest.labels, ours),
        "zeros": "refused" if interest.is_explicit else "drawn at random",
        "baselines": {},
    }
    our_losses = log_losses(interest.labels, ours)
    for name, theirs in others:
        judged = judge_probabilities(interest.labels, theirs)
        judged.pop("reliability")
        gain = paired_bootstrap(
            log_losses(interest.labels, theirs),
            our_losses,
            interest.users,
            num_samples,
            seed,
        )
        found["baselines"][name] = judged | {"against": dataclasses.asdict(gain)}
    return found


def judge_probabilities(labels, probabilities):
    """How right and how honest probabilities are.

    Args:
        labels: `[n]` bool array.
        probabilities: `[n]` float array.

    Returns:
        dict with `auc`, `log_loss`, `expected_calibration_error`, `num_examples`
        and `reliability`, the points of the diagram.
    """
    promised, observed, counts = reliability(labels, probabilities)
    return {
        "num_examples": len(labels),
        "auc": auc(labels, probabilities),
        "log_loss": log_loss(labels, probabilities),
        "expected_calibration_error": expected_calibration_error(labels, probabilities),
        "reliability": {
            "promised": promised.tolist(),
            "observed": observed.tolist(),
            "counts": counts.tolist(),
        },
    }
