"""What may have gone wrong with a training, in plain words."""

import math

import numpy as np

COLLAPSED = 0.99  # mean cosine of candidate vectors above which they are all alike
STUCK = 0.98  # share of the loss of guessing, which a learning model is soon below
TOO_GOOD = 0.9  # NDCG@10 that no honest next-item split has been seen to give


def diagnose(choice, model, judged, split):
    """Warnings about a trained model.

    Args:
        choice: `training.recipe.Choice`.
        model: `TwoTower` that was evaluated.
        judged: has `evaluations`, ours first.
        split: `Split` that was judged.

    Returns:
        List of sentences; empty when nothing looks wrong.
    """
    ours, *baselines = judged.evaluations
    candidates = model.all_candidates().numpy()
    found = [
        collapsed(candidates[~split.is_cold]),
        stuck(choice.fit.losses, len(candidates)),
        no_better_than_popular(ours, baselines),
        too_good(ours.means["ndcg@10"]),
    ]
    return [warning for warning in found if warning]


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
                "or say nothing of taste; look at the slices in report.md."
            )
    return None


def too_good(ndcg):
    """A warning if a figure is too good to be honest."""
    if ndcg < TOO_GOOD:
        return None
    return (
        f"NDCG@10 is {ndcg:.3f}, too good to be true: some feature may look past the "
        "cut. Check that timestamps are those of the events and that texts say "
        "nothing that was only known afterwards."
    )
