"""Events, items and users from files, and a data set from a folder of them."""

import difflib
import pathlib
from typing import Any

import pandas as pd

from tfrec.data.feature_cells import with_features, with_vector_files
from tfrec.data.files import format_of
from tfrec.data.schema import (
    EVENTS,
    ITEMS,
    UNTIMED,
    USERS,
    Dataset,
    Events,
    Items,
    Users,
    with_usual_value,
)
from tfrec.data.table_files import TableFiles
from tfrec.data.table_reader import read_table
from tfrec.data.times import files_lack_times
from tfrec.errors import ConfigError, DataError
from tfrec.feature_columns import SIDE_OF, FeaturesConfig


def read_events(
    path, columns=None, on_bad_rows="raise", quarantine_path=None, features=()
):
    """The log of a file or folder.

    Args:
        path: parquet, csv or jsonl file, or a folder of such files.
        columns: dict of our column name -> name in the files.
        on_bad_rows: `"raise"` reports all bad rows in one error; `"quarantine"`
            sets them aside and counts them in the log.
        quarantine_path: JSONL file for the bad rows.
        features: `FeatureColumn`s that the table has as well.

    Returns:
        `Events` in the order of the files.

    Raises:
        DataError: a file cannot be read, a column is missing, rows are bad, or
            there is none at all.
        ConfigError: `on_bad_rows` is unknown or lacks its `quarantine_path`.
    """
    table = events_table(path, columns, features=features)
    frame = read_table(path, table, columns, on_bad_rows, quarantine_path)
    if frame.empty:
        raise DataError(
            "The log must have at least one event, because there is nothing to learn "
            f"from otherwise. Received: no good row in {path}."
        )
    return Events.of_parsed(with_usual_value(frame))


def events_table(path, columns=None, is_strict=True, features=()):
    """How events of a file or folder are read: `EVENTS`, or `UNTIMED` without times.

    Args:
        path: file or folder.
        columns: dict of our column name -> name in the files.
        is_strict: whether a column that is mapped must be in some file.
        features: `FeatureColumn`s that the table has as well.

    Raises:
        DataError: a file cannot be read, a column is missing, or one may be times
            under another name.
    """
    files = TableFiles(path, UNTIMED, columns or {}, is_strict, is_told=False)
    return with_features(UNTIMED if files_lack_times(files) else EVENTS, features)


def read_items(
    path, columns=None, on_bad_rows="raise", quarantine_path=None, features=()
):
    """The catalogue of a file or folder, as `Items`; see `read_events`."""
    table = with_features(ITEMS, features)
    frame = read_table(path, table, columns, on_bad_rows, quarantine_path)
    return Items.of_parsed(
        with_vector_files(frame, features, pathlib.Path(path).parent)
    )


def read_users(
    path, columns=None, on_bad_rows="raise", quarantine_path=None, features=()
):
    """The profiles of a file or folder, as `Users`; see `read_events`."""
    table = with_features(USERS, features)
    frame = read_table(path, table, columns, on_bad_rows, quarantine_path)
    return Users.of_parsed(
        with_vector_files(frame, features, pathlib.Path(path).parent)
    )


READERS = {"events": read_events, "items": read_items, "users": read_users}


def read_folder(folder, data_config, quarantine_folder=None, features=None):
    """A data set from a folder with `events.*` and maybe `items.*` and `users.*`.

    Each may be a folder of files instead, such as `events/`.

    Args:
        folder: path.
        data_config: `tfrec.config.DataConfig`.
        quarantine_folder: where bad rows go; None for `folder/quarantine`.
        features: `FeaturesConfig`, or None for none.

    Returns:
        `Dataset` named after the folder.

    Raises:
        DataError: there is no log, or a table is there twice; see `read_events`.
        ConfigError: `data.columns` maps a column that no table has.
    """
    folder = pathlib.Path(folder)
    quarantine = pathlib.Path(quarantine_folder or folder / "quarantine")
    features = features or FeaturesConfig()
    named = {name: features.columns(side) for name, side in SIDE_OF.items()}
    _check_mapping(data_config.columns, named)
    tables: dict[str, Any] = {
        "items": Items(pd.DataFrame({"item_id": []})),
        "users": Users(pd.DataFrame({"user_id": []})),
    }
    for name, reader in READERS.items():
        path = _find_table(folder, name)
        if path:
            tables[name] = reader(
                path,
                data_config.columns,
                data_config.on_bad_rows,
                quarantine / f"{name}.jsonl",
                named[name],
            )
        elif named[name]:
            raise DataError(
                f"`features.{SIDE_OF[name]}` names columns of a table of {name}, and "
                f"{folder} has none. Write it, or leave the columns out."
            )
    if "events" not in tables:
        held = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
        raise DataError(
            "A data folder must hold a log: `events.parquet`, `events.csv`, "
            f"`events.jsonl` or a folder `events/`. Received: {folder}, which holds "
            f"{', '.join(held) or 'nothing'}."
        )
    return Dataset(name=folder.resolve().name, **tables)


def _find_table(folder, name):
    """Path of a table in the folder, or None."""
    paths = sorted(folder.glob(f"{name}.*")) + [folder / name]
    paths = [path for path in paths if path.is_dir() or format_of(path)]
    paths = [path for path in paths if path.exists()]
    if len(paths) > 1:
        raise DataError(
            f"A data folder must hold one table of {name}. "
            f"Received: {', '.join(map(str, paths))}."
        )
    return paths[0] if paths else None


def _check_mapping(columns, named):
    known = [*dict.fromkeys(EVENTS.names + ITEMS.names + USERS.names)]
    known += [column.name for columns_of in named.values() for column in columns_of]
    for name in columns:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean `{close[0]}`?" if close else ""
            raise ConfigError(
                f"`data.columns` maps our names to those in the files; `{name}` is not "
                f"one of ours.{hint} Known: {', '.join(known)}."
            )
