"""Whether groups of people are served alike."""

from typing import Any

import numpy as np

from tfrec.evaluation.bootstrap import resampled_means

MIN_PEOPLE = 2
FEW_PEOPLE = 20  # in the smaller of two groups, below which no finding is stated
PERMUTATIONS = 999


def fairness(
    values: np.ndarray,
    users: np.ndarray,
    labels: np.ndarray,
    samples: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """A figure of each group, and the gap between the best and the worst one.

    The p value is of the gap of all groups, against labels that are dealt to people at
    random; so it allows for the best and the worst being picked after the fact.

    Args:
        values: `[queries]` float array, such as NDCG@10.
        users: `[queries]` int array, who asks.
        labels: `[queries]` object array, the group of who asks; `""` for unknown.
        samples: of the bootstrap over the people of a group.
        seed: of bootstrap and permutations.

    Returns:
        Dict of `groups`, a list of dicts by falling mean, of `gap`, None for fewer than
        two groups, and of `left_out`: the number of groups with one member.

    Reference:
        Good, Permutation, parametric, and bootstrap tests of hypotheses, 2005,
        https://doi.org/10.1007/b138696; groups as in Ekstrand et al., All the cool
        kids, how do they fit in?, FAT* 2018,
        https://proceedings.mlr.press/v81/ekstrand18b.html
    """
    sizes = {
        name: len(np.unique(users[labels == name]))
        for name in sorted(set(labels.tolist()) - {""})
    }
    kept = [name for name, size in sizes.items() if size >= MIN_PEOPLE]
    drawn = {
        name: _drawn(values, users, labels == name, samples, seed) for name in kept
    }
    groups = [
        {
            "group": name,
            "num_people": sizes[name],
            "num_queries": int((labels == name).sum()),
            "mean": float(values[labels == name].mean()),
            "interval": np.quantile(drawn[name], [0.025, 0.975]).tolist(),
        }
        for name in kept
    ]
    groups.sort(key=lambda each: (-each["mean"], each["group"]))
    found = {"groups": groups, "left_out": len(sizes) - len(kept), "gap": None}
    if len(groups) >= 2:
        is_kept = np.isin(labels, kept)
        each = (values[is_kept], users[is_kept], labels[is_kept])
        found["gap"] = _gap(groups, drawn, _permutation_p(*each, seed))
    return found


def _drawn(values, users, is_in, samples, seed):
    """`[samples]` bootstrapped means of one group."""
    column = np.asarray(values[is_in], float)[:, None]
    return resampled_means(column, users[is_in], samples, seed)[:, 0]


def _gap(groups, drawn, p):
    best, worst = groups[0], groups[-1]
    # Two groups have different people, so their draws are independent of each other.
    gaps = drawn[best["group"]] - np.roll(drawn[worst["group"]], 1)
    low, high = np.quantile(gaps, [0.025, 0.975])
    return {
        "best": best["group"],
        "worst": worst["group"],
        "difference": best["mean"] - worst["mean"],
        "interval": [float(low), float(high)],
        "p": p,
        "is_few": min(best["num_people"], worst["num_people"]) < FEW_PEOPLE,
    }


def _permutation_p(values, users, labels, seed):
    """Share of random deals of labels whose gap is at least as wide."""
    people, of_query = np.unique(users, return_inverse=True)
    counts = np.bincount(of_query)
    sums = np.bincount(of_query, values)
    _, codes = np.unique(labels.astype(str), return_inverse=True)
    own = np.zeros(len(people), int)
    own[of_query] = codes

    def gap(deal):
        means = np.bincount(deal, sums) / np.bincount(deal, counts)
        return means.max() - means.min()

    rng = np.random.default_rng(seed)
    # A rounding error must not decide whether a deal equals the real one.
    least = gap(own) - 1e-12
    wider = sum(gap(rng.permutation(own)) >= least for _ in range(PERMUTATIONS))
    return (wider + 1) / (PERMUTATIONS + 1)
