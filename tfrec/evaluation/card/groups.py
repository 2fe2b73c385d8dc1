"""Groups of people, from the columns of the table of users."""

import numpy as np
import pandas as pd

from tfrec.data.schema import Users
from tfrec.errors import ConfigError

MOST_VALUES = 25  # of a column whose values are groups
UNKNOWN = ""
NO_GROUPS = {"user_id", "text", "name"}


def user_groups(
    users: Users, user_ids: np.ndarray, columns=()
) -> tuple[dict[str, np.ndarray], list[str]]:
    """The group of each person, by each column.

    A column of numbers with many values is cut into three groups of about equal size.

    Args:
        users: `Users`.
        user_ids: `[num_users]` object array, the people in the order of a log.
        columns: those to read; empty for all but texts and names.

    Returns:
        `(groups, notes)`: column -> `[num_users]` object array of labels, `""` for
        unknown; and sentences on columns that are no groups.

    Raises:
        ConfigError: the table has no such column.
    """
    frame = users.frame.set_index("user_id")
    known = [name for name in frame.columns if name not in NO_GROUPS]
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise ConfigError(
            "`evaluation.groups` must name columns of the users. Received: "
            f"{', '.join(map(repr, missing))}. There are: {', '.join(known) or 'none'}."
        )
    groups, notes = {}, []
    for name in columns or known:
        labels = _labels(frame[name])
        if labels is None:
            notes.append(
                f"The column {name} has more than {MOST_VALUES} values, so it makes no "
                "groups."
            )
        else:
            cells = labels.reindex(np.array(user_ids, object))
            groups[name] = cells.fillna(UNKNOWN).to_numpy(object)
    return groups, notes


def _labels(cells):
    """The label of each row, or None where values are too many to be groups."""
    texts = cells.map(_shown)
    if texts[texts != UNKNOWN].nunique() <= MOST_VALUES:
        return texts
    numbers = pd.to_numeric(cells, errors="coerce")
    if numbers.isna().sum() > cells.isna().sum():
        return None
    low, high = numbers.quantile([1 / 3, 2 / 3], interpolation="lower")
    names = np.select(
        [numbers <= low, numbers <= high, numbers > high],
        [f"up to {low:g}", f"above {low:g}, up to {high:g}", f"above {high:g}"],
        UNKNOWN,
    )
    return pd.Series(names.astype(object), cells.index)


def _shown(cell):
    is_none = cell is None or (isinstance(cell, float) and np.isnan(cell))
    return UNKNOWN if is_none or cell is pd.NA else " ".join(str(cell).split())
