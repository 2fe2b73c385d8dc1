"""Figures of single queries, kept so that reports can be compared query by query."""

import dataclasses
import pathlib
import zipfile

import numpy as np

from tfrec.errors import DataError
from tfrec.evaluation.bootstrap import paired_bootstrap
from tfrec.evaluation.card.stability import versions_alike
from tfrec.files import replacing

FILE = "queries.npz"
METRIC = "ndcg@10"


@dataclasses.dataclass(frozen=True)
class PerQuery:
    """NDCG@10 of every query, of each recommender of a report."""

    users: np.ndarray  # [queries], rows of the users who are asked
    values: dict  # recommender -> [queries] floats, ours first
    lists: np.ndarray | None = None  # [queries, k] ids of the items that ours showed


def write_queries(folder, evaluations, item_ids=None):
    """Keeps the figures of every query, and our lists, beside a report.

    Args:
        folder: of the report.
        evaluations: `Evaluation`s, ours first.
        item_ids: `[num_items]` array of strings; None to keep no lists.
    """
    names = [each.name for each in evaluations]
    values = np.stack([each.per_query[METRIC] for each in evaluations])
    users = evaluations[0].user_rows
    lists = {} if item_ids is None else _coded(evaluations[0].shown, item_ids)
    with replacing(pathlib.Path(folder) / FILE) as aside, open(aside, "wb") as file:
        np.savez(file, users=users, names=names, values=values, **lists)


def _coded(shown, item_ids):
    """Lists of rows as arrays that files can hold: ids, and places in these."""
    rows, places = np.unique(shown, return_inverse=True)
    ids = np.append(item_ids, "")[rows].astype(str)  # row -1 is padding
    return {"list_ids": ids, "lists": places.reshape(shown.shape)}


def read_queries(folder):
    """What `write_queries` kept.

    Args:
        folder: of a report.

    Returns:
        `PerQuery`.

    Raises:
        DataError: there are no figures, or they cannot be read.
    """
    path = pathlib.Path(folder) / FILE
    try:
        with open(path, "rb") as file, np.load(file) as arrays:
            values = zip(arrays["names"].tolist(), arrays["values"], strict=True)
            lists = None  # older reports have none
            if "lists" in arrays:
                lists = arrays["list_ids"][arrays["lists"]]
            return PerQuery(arrays["users"], dict(values), lists)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} cannot be read: {error}.") from error


def compare_reports(ours, theirs, seed):
    """The paired difference of two reports, in words.

    Args:
        ours: folder of a report.
        theirs: folder of another one.
        seed: int, of the bootstrap.

    Returns:
        A sentence with the difference, its 95 % interval and the p value.

    Raises:
        DataError: a folder has no figures, or they are of other queries.
    """
    mine, other = _same_queries(ours, theirs)
    first, second = (next(iter(each.values.values())) for each in (mine, other))
    found = paired_bootstrap(first, second, mine.users, seed=seed)
    low, high = found.interval
    return (
        f"NDCG@10 against {theirs}: {found.difference:+.4f} "
        f"(95 % {low:+.4f} to {high:+.4f}, p = {found.p:.3f})."
    )


def compare_lists(ours, theirs, samples, seed):
    """How alike the lists of two reports are, for the card.

    Args:
        ours: folder of a report.
        theirs: folder of another one.
        samples: int, of the bootstrap.
        seed: int, of the bootstrap.

    Returns:
        dict as `versions_alike` gives it, with `against`, the other folder; None if one
        of the reports is older and kept no lists.

    Raises:
        DataError: a folder has no figures, or they are of other queries.
    """
    mine, other = _same_queries(ours, theirs)
    if mine.lists is None or other.lists is None:
        return None
    found = versions_alike(mine.lists, other.lists, mine.users, samples, seed)
    return found | {"against": str(theirs)}


def _same_queries(ours, theirs):
    """`PerQuery` of both."""
    mine, other = read_queries(ours), read_queries(theirs)
    if not np.array_equal(mine.users, other.users):
        raise DataError(
            "Two reports can be compared only on the same queries. Received: "
            f"{len(mine.users)} queries in {ours} and {len(other.users)} in {theirs}, "
            "of different users. Evaluate both with one configuration."
        )
    return mine, other
