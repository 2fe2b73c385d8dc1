"""The probabilities of a target policy, from a file or a frame."""

import pathlib

import pandas as pd

from tfrec.data.problems import show_names
from tfrec.errors import DataError

PLACE = ["recommendation_id", "position"]  # where one item is shown
ACTION = ["recommendation_id", "item_id", "position"]
COLUMNS = [*ACTION, "probability"]
ROUNDING = 1e-3  # by which probabilities of a place may exceed 1


def read_policy(path: str | pathlib.Path) -> pd.DataFrame:
    """What a target policy would do in the lists of a log.

    Args:
        path: parquet or CSV file with a row per action: `recommendation_id`, `item_id`,
            `position` and `probability` that the item is at that position there. Rows
            for all items of a place allow the doubly robust estimate; rows for the
            logged items alone do not.

    Raises:
        DataError: see `checked_policy`; or the file has another ending or no rows.
    """
    path = pathlib.Path(path)
    if path.suffix not in (".parquet", ".csv"):
        raise DataError(
            "A policy must be a .parquet or .csv file, because its ending says how it "
            f"is read. Received: {path}."
        )
    try:
        if path.suffix == ".parquet":
            frame = pd.read_parquet(path)
        else:
            ids = {"recommendation_id": str, "item_id": str}
            frame = pd.read_csv(path, dtype=ids, keep_default_na=False)
    except ValueError as error:  # also of pyarrow and of an empty CSV
        raise DataError(f"The policy {path} cannot be read: {error}.") from error
    return checked_policy(frame)


def checked_policy(frame: pd.DataFrame) -> pd.DataFrame:
    """The four columns of a policy, each action once.

    Args:
        frame: as `read_policy` reads it.

    Raises:
        DataError: a column is missing or has no numbers, a probability is not from 0 to
            1, an action is there twice, those of a place come to more than 1, or there
            is no row.
    """
    missing = [name for name in COLUMNS if name not in frame]
    if missing or frame.empty:
        raise DataError(
            f"A policy must have rows with the columns {', '.join(COLUMNS)}. Received: "
            f"{len(frame)} rows with {show_names([*map(str, frame.columns)])}."
        )
    try:
        policy = pd.DataFrame(
            {
                "recommendation_id": frame["recommendation_id"].astype(str),
                "item_id": frame["item_id"].astype(str),
                "position": _whole(pd.to_numeric(frame["position"])),
                "probability": pd.to_numeric(frame["probability"]).astype(float),
            }
        )
    except (TypeError, ValueError) as error:
        raise DataError(
            "`position` of a policy must be a whole number and `probability` a number. "
            f"Received: {error}."
        ) from error
    _check_probabilities(policy)
    return policy


def _whole(numbers):
    whole = numbers.astype("int64")
    if (whole != numbers).any():
        raise ValueError(f"{numbers[whole != numbers].iloc[0]}")
    return whole


def _check_probabilities(policy):
    probabilities = policy["probability"]
    outside = probabilities[~probabilities.between(0, 1)]
    if len(outside):
        raise DataError(
            "`probability` of a policy must be from 0 to 1. Received: "
            f"{len(outside):,} rows outside, first: {outside.iloc[0]:g}."
        )
    repeated = policy[policy.duplicated(ACTION)]
    if len(repeated):
        raise DataError(
            "A policy must have each list, item and position once. Received: "
            f"{len(repeated):,} repeated rows, first: "
            f"{', '.join(map(str, repeated[ACTION].iloc[0]))}."
        )
    totals = policy.groupby(PLACE)["probability"].sum()
    most = totals[totals > 1 + ROUNDING]
    if len(most):
        raise DataError(
            "Probabilities of all items at one position of a list must come to at most "
            f"1. Received: {len(most):,} positions with more, first: "
            f"{', '.join(map(str, most.index[0]))} with {most.iloc[0]:g}."
        )
