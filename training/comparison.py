"""Two reports on the same queries, compared query by query."""

import pathlib
import zipfile

import numpy as np

from tfrec.errors import DataError
from tfrec.evaluation.bootstrap import paired_bootstrap
from tfrec.evaluation.files import replacing

FILE = "queries.npz"
METRIC = "ndcg@10"


def write_queries(folder, evaluation):
    """Keeps a recommender's figure of every query beside its report."""
    with replacing(pathlib.Path(folder) / FILE) as aside, open(aside, "wb") as file:
        np.savez(file, users=evaluation.user_rows, values=evaluation.per_query[METRIC])


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
    (our_users, mine), (their_users, other) = _read(ours), _read(theirs)
    if not np.array_equal(our_users, their_users):
        raise DataError(
            "Two reports can be compared only on the same queries. Received: "
            f"{len(our_users)} queries in {ours} and {len(their_users)} in {theirs}, "
            "of different users. Evaluate both with one configuration."
        )
    found = paired_bootstrap(mine, other, our_users, seed=seed)
    low, high = found.interval
    return (
        f"NDCG@10 against {theirs}: {found.difference:+.4f} "
        f"(95 % {low:+.4f} to {high:+.4f}, p = {found.p:.3f})."
    )


def _read(folder):
    path = pathlib.Path(folder) / FILE
    try:
        with open(path, "rb") as file, np.load(file) as arrays:
            return arrays["users"], arrays["values"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} cannot be read: {error}.") from error
