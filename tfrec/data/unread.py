"""Columns that nobody named: told once, with what they could be."""

import logging

import numpy as np
import pandas as pd

from tfrec.data.feature_cells import PARSERS
from tfrec.data.problems import MOST_NAMES, show_names
from tfrec.feature_columns import SIDE_OF, TAKEN, Kind

logger = logging.getLogger(__name__)

SAMPLE = 200  # cells that a guess looks at
# What a gateway's log has beside: of lists and of its own clock.
OF_A_LOG = {"events": {"recommendation_id", "received"}}
LONG = 40  # letters of a text, in the mean; names are shorter


def tell_unread(where, table_name, sample):
    """Warns of columns that are not read.

    Args:
        where: file or table, for the message.
        table_name: of the table, such as `"Items"`.
        sample: frame with these columns and some of their rows.
    """
    known = OF_A_LOG.get(table_name.lower(), ())
    names = [str(name) for name in sample.columns if name not in known]
    if not names:
        return
    side = SIDE_OF.get(table_name.lower())
    free = [n for n in names if n.isidentifier() and side and n not in TAKEN[side]]
    hint = ""
    if free:
        shown = free[:MOST_NAMES]
        kinds = ", ".join(f'{n} = "{likely_kind(sample[n])}"' for n in shown)
        hint = (
            " The model can learn from them, if the configuration names them, such as "
            f"`features.{side} = {{ {kinds} }}`."
        )
    logger.warning(
        "%s: columns that are not read: %s.%s", where, show_names(names), hint
    )


def likely_kind(cells: pd.Series) -> Kind:
    """What kind of feature a column could be, by its first cells.

    Example:
        >>> likely_kind(pd.Series(["a|b", "b"])), likely_kind(pd.Series(["7", "8.5"]))
        ('categories', 'number')
    """
    known = cells.dropna().head(SAMPLE)
    known = known[known.astype(str) != ""]
    if known.empty:
        return "category"
    if all(isinstance(each, list | np.ndarray) for each in known):
        return "vector" if _is_all(known, "vector") else "categories"
    if known.dtype.kind == "M":
        return "time"
    for kind in ("number", "time"):
        if _is_all(known, kind):
            return kind
    texts = known.astype(str)
    if texts.str.contains("|", regex=False).any():
        return "categories"
    return "text" if texts.str.len().mean() > LONG else "category"


def _is_all(cells, kind):
    _, broken = PARSERS[kind](cells.reset_index(drop=True), "column")
    return not any(mask.any() for mask in broken.values())
