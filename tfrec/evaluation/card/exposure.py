"""Which groups of items are shown, beside their share of the catalogue and of taste."""

from typing import Any

import numpy as np
from scipy import sparse

from tfrec.evaluation.card.ratios import ratio_figures
from tfrec.evaluation.card.subject import NEW, THIRDS, Subject

MOST_CATEGORIES = 12
OTHERS, NONE = "other categories", "no category"


def item_exposure(
    subject: Subject,
    shown: np.ndarray,
    popular: np.ndarray,
    samples: int = 1000,
    seed: int = 0,
) -> dict[str, dict[str, Any]]:
    """Exposure of groups of items: by popularity and by category.

    A place of a list counts `1 / log2(1 + rank)`, as NDCG discounts it. An item of
    several categories counts for each in equal parts.

    Args:
        subject: `Subject`.
        shown: `[queries, k]` int array, our lists.
        popular: such an array of the most popular items.
        samples: of the bootstrap over users.
        seed: of the bootstrap.

    Returns:
        `"popularity"` and, where items have categories, `"category"` -> dict of
        `groups`, a list of dicts, and `distance`, half the sum of the differences
        between exposure and relevance, between 0 and 1.

    Reference:
        Singh and Joachims, Fairness of exposure in rankings, KDD 2018,
        https://doi.org/10.1145/3219819.3220088
    """
    kinds = {"popularity": _by_popularity(subject)}
    if len(subject.categories[1]):
        kinds["category"] = _by_category(subject)
    return {
        kind: _judge(subject, groups, shown, popular, (samples, seed))
        for kind, groups in kinds.items()
    }


def _judge(subject, groups, shown, popular, bootstrap):
    names, belongs = groups
    relevant = np.asarray(belongs[subject.targets[1]].sum(axis=0)).ravel()
    catalogue = np.asarray(belongs.sum(axis=0)).ravel()
    exposed, total = _exposure(shown, belongs)
    parts = {
        name: (column, total) for name, column in zip(names, exposed.T, strict=True)
    }
    ours = ratio_figures(parts, subject.queries.user_rows, *bootstrap)
    theirs, their_total = _exposure(popular, belongs)
    judged = [
        {
            "group": name,
            "num_items": int(np.count_nonzero(belongs[:, [column]].toarray())),
            "catalogue": float(catalogue[column] / catalogue.sum()),
            "relevance": float(relevant[column] / max(relevant.sum(), 1e-12)),
            "exposure": ours.get(name),
            "popularity_baseline": float(
                theirs[:, column].sum() / max(their_total.sum(), 1e-12)
            ),
        }
        for column, name in enumerate(names)
    ]
    apart = [abs(g["exposure"]["mean"] - g["relevance"]) for g in judged if ours]
    return {"groups": judged, "distance": float(sum(apart) / 2) if apart else None}


def _exposure(shown, belongs):
    """`[queries, groups]` exposure of each group, and `[queries]` of all."""
    weights = 1 / np.log2(np.arange(2, shown.shape[1] + 2))
    places, columns = np.nonzero(shown >= 0)
    cells = (weights[columns], (places, shown[places, columns]))
    lists = sparse.csr_matrix(cells, (len(shown), belongs.shape[0]))
    exposed = (lists @ belongs).toarray()
    return exposed, exposed.sum(axis=1)


def _by_popularity(subject):
    names = [n for n in (*THIRDS, NEW) if (subject.popularity_groups == n).any()]
    columns = [subject.popularity_groups == name for name in names]
    return names, sparse.csr_matrix(np.stack(columns, axis=1).astype(float))


def _by_category(subject):
    """The largest categories; each item's parts sum to 1."""
    matrix, names = subject.categories
    sizes = np.asarray(matrix.sum(axis=1)).ravel()
    parts = sparse.diags_array(1 / np.maximum(sizes, 1)) @ matrix
    order = np.argsort(-np.asarray(matrix.sum(axis=0)).ravel(), kind="stable")
    kept, rest = order[:MOST_CATEGORIES], order[MOST_CATEGORIES:]
    columns, found = [parts[:, kept]], [*names[kept]]
    if len(rest):
        columns.append(sparse.csr_matrix(parts[:, rest].sum(axis=1).reshape(-1, 1)))
        found.append(OTHERS)
    if (sizes == 0).any():
        columns.append(sparse.csr_matrix((sizes == 0).astype(float)[:, None]))
        found.append(NONE)
    return found, sparse.csr_matrix(sparse.hstack(columns))
