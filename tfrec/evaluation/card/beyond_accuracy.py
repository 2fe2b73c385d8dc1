"""What lists are like beside being right: coverage, diversity, novelty, popularity."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import sparse

from tfrec.evaluation.card.ratios import mean_figures, ratio_figures
from tfrec.evaluation.card.subject import Subject
from tfrec.evaluation.metrics import coverage

SECONDS_PER_DAY = 86_400


def beyond_accuracy(
    subject: Subject,
    lists: Mapping[str, np.ndarray],
    popular: np.ndarray,
    samples: int = 1000,
    seed: int = 0,
) -> dict[str, dict[str, Any]]:
    """Figures of the lists of several recommenders, on the same questions.

    Args:
        subject: `Subject`.
        lists: name -> `[queries, k]` int array of item rows, best first, -1 padding.
        popular: such an array of the most popular items, which are expected.
        samples: of the bootstrap over users.
        seed: of the bootstrap.

    Returns:
        Recommender -> figure -> dict of `mean` and, but for `coverage`,
        `coverage_unmet` and `gini`, `interval` and `count`. Figures that need what the
        log lacks are left out: texts, categories, times or histories.

    Reference:
        Popularity lift: Abdollahpouri et al., The unfairness of popularity bias in
        recommendation, 2019, https://arxiv.org/abs/1907.13286, of all people at once.
    """
    users = subject.queries.user_rows
    means: dict[tuple[str, str], np.ndarray] = {}
    ratios: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]] = {}
    found: dict[str, dict[str, Any]] = {}
    for name, shown in lists.items():
        found[name] = _of_catalogue(subject, shown)
        for figure, values in _means(subject, shown, popular).items():
            means[name, figure] = values
        for figure, pair in _ratios(subject, shown).items():
            ratios[name, figure] = pair
    figures = mean_figures(means, users, samples, seed)
    figures |= ratio_figures(ratios, users, samples, seed)
    for (name, figure), judged in figures.items():
        if figure == "popularity_lift":
            judged["mean"] -= 1.0
            judged["interval"] = [end - 1.0 for end in judged["interval"]]
        found[name][figure] = judged
    return found


def gini(counts: np.ndarray) -> float:
    """Inequality of counts: 0 if all are equal, near 1 if one has everything.

    Reference:
        Fleder and Hosanagar, Blockbuster culture's next rise or fall, Management
        Science 2009, https://doi.org/10.1287/mnsc.1080.0974
    """
    ordered = np.sort(np.asarray(counts, float))
    if not ordered.sum():
        return 0.0
    places = np.arange(1, len(ordered) + 1)
    n = len(ordered)
    return float(2 * (places @ ordered) / (n * ordered.sum()) - (n + 1) / n)


def text_diversity(shown: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """`[queries]` one minus the mean cosine of all pairs of a list.

    Items without a vector (zeros) are left out; NaN for lists with fewer than two.

    Reference:
        Ziegler et al., Improving recommendation lists through topic diversification,
        WWW 2005, https://doi.org/10.1145/1060745.1060754
    """
    lengths = np.linalg.norm(vectors, axis=1)
    units = vectors / np.where(lengths > 0, lengths, 1.0)[:, None]
    chosen = _as_matrix(shown, len(vectors))
    counts = chosen @ (lengths > 0).astype(float)
    # The squared length of a sum of unit vectors is n and the cosines of all pairs.
    squares = np.square(chosen @ units).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        cosines = (squares - counts) / (counts * (counts - 1))
    return np.where(counts >= 2, 1.0 - cosines, np.nan)


def category_diversity(shown: np.ndarray, categories: sparse.csr_matrix) -> np.ndarray:
    """`[queries]` mean Jaccard distance of the categories of all pairs of a list.

    Args:
        shown: `[queries, k]` int array.
        categories: `[num_items, C]` CSR of 0 and 1. Items without any are left out.
    """
    sizes = np.asarray(categories.sum(axis=1)).ravel()
    first, second = np.triu_indices(shown.shape[1], 1)
    one, other = shown[:, first], shown[:, second]
    is_pair = (one >= 0) & (other >= 0)
    is_pair &= (sizes[one] > 0) & (sizes[other] > 0)
    keys = np.minimum(one, other).astype(np.int64) * len(sizes) + np.maximum(one, other)
    pairs, places = np.unique(keys[is_pair], return_inverse=True)
    one, other = np.divmod(pairs, len(sizes))
    shared = np.asarray(categories[one].multiply(categories[other]).sum(axis=1)).ravel()
    apart = np.zeros(is_pair.shape)
    apart[is_pair] = (1.0 - shared / (sizes[one] + sizes[other] - shared))[places]
    counts = is_pair.sum(axis=1)
    return np.where(counts > 0, apart.sum(axis=1) / np.maximum(counts, 1), np.nan)


def novelty(shown: np.ndarray, counts: np.ndarray, num_people: int) -> np.ndarray:
    """`[queries]` mean self-information of a list in bits: log2 of people per holder.

    Args:
        shown: `[queries, k]` int array.
        counts: `[num_items]` int array, people who had each item.
        num_people: all of them. One is added to both, so that nobody is no infinity.

    Reference:
        Zhou et al., Solving the apparent diversity-accuracy dilemma of recommender
        systems, PNAS 2010, https://doi.org/10.1073/pnas.1000488107
    """
    bits = np.log2((num_people + 1) / (counts + 1))
    return _list_mean(shown, bits)


def serendipity(
    shown: np.ndarray, popular: np.ndarray, targets: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """`[queries]` share of the right items that only this list shows.

    Only this list means: not the list of the most popular items for that question.

    Reference:
        Ge et al., Beyond accuracy: evaluating recommender systems by coverage and
        serendipity, RecSys 2010, https://doi.org/10.1145/1864708.1864761, divided here
        by the right items, as recall is.
    """
    query_of, rows = targets
    is_hit = (shown[query_of] == rows[:, None]).any(axis=1)
    is_expected = (popular[query_of] == rows[:, None]).any(axis=1)
    hits = np.bincount(query_of, is_hit & ~is_expected, minlength=len(shown))
    return hits / np.bincount(query_of, minlength=len(shown))


def _of_catalogue(subject, shown):
    """Figures of all lists together."""
    num_items = len(subject)
    counts = np.bincount(shown[shown >= 0], minlength=num_items)
    unmet = np.where(subject.is_met(shown), -1, shown)
    return {
        "coverage": {"mean": coverage(shown, num_items)},
        "coverage_unmet": {"mean": coverage(unmet, num_items)},
        "gini": {"mean": gini(counts)},
    }


def _means(subject, shown, popular):
    """Figure -> `[queries]` values, NaN for none."""
    found = {
        "novelty": novelty(shown, subject.counts, subject.num_people),
        "serendipity": serendipity(shown, popular, subject.targets),
    }
    categories, names = subject.categories
    if len(names):
        found["category_diversity"] = category_diversity(shown, categories)
    if subject.text_vectors is not None:
        found["text_diversity"] = text_diversity(shown, subject.text_vectors)
    return found


def _ratios(subject, shown):
    """Figure -> `(above, below)`, sums of each question."""
    is_shown = shown >= 0
    size = is_shown.sum(axis=1)
    is_new = subject.split.is_cold[shown] & is_shown
    found = {"new_items": (is_new.sum(axis=1), size)}
    share = subject.counts / max(1, subject.num_people)
    of_history = _history_mean(subject, share)
    of_list = _list_mean(shown, share)
    both = ~np.isnan(of_history) & ~np.isnan(of_list)
    pair = (np.where(both, of_list, 0), np.where(both, of_history, 0))
    found["popularity_lift"] = pair
    first = subject.first_moments
    if first is not None:
        ages = subject.queries.timestamps[:, None] - first[shown]
        is_known = is_shown & (first[shown] <= subject.queries.timestamps[:, None])
        days = np.where(is_known, ages / SECONDS_PER_DAY, 0.0).sum(axis=1)
        found["age_days"] = (days, is_known.sum(axis=1))
    return found


def _list_mean(shown, values):
    """`[queries]` mean of `[num_items]` values over each list, NaN for an empty one."""
    size = (shown >= 0).sum(axis=1)
    sums = np.where(shown >= 0, values[shown], 0.0).sum(axis=1)
    return np.where(size > 0, sums / np.maximum(size, 1), np.nan)


def _history_mean(subject, values):
    """`[queries]` mean of `[num_items]` values over each history, NaN without one."""
    log = subject.queries.interactions
    before = np.concatenate([[0.0], np.cumsum(values[log.item_rows])])
    starts = log.offsets[subject.queries.user_rows]
    sums = before[subject.queries.history_ends] - before[starts]
    lengths = subject.history_lengths
    return np.where(lengths > 0, sums / np.maximum(lengths, 1), np.nan)


def _as_matrix(shown, num_items):
    """`[queries, num_items]` CSR: 1 where an item is in the list."""
    places, columns = np.nonzero(shown >= 0)
    cells = (np.ones(len(places), np.float32), (places, shown[places, columns]))
    return sparse.csr_matrix(cells, (len(shown), num_items))
