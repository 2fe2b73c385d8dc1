"""Adds items to a served model and removes them, without training.

    python -m serving.index add saved_models/tfrec items.parquet
    python -m serving.index remove saved_models/tfrec 50 172
    python -m serving.index compact saved_models/tfrec

`add` and `remove` write to the log of the model, which serving.server follows.
`compact` writes a version with these items, which any server can load.
"""

import dataclasses
import pathlib
from typing import Annotated

import typer
from typer import Argument

from tfrec.errors import DataError
from tfrec.program import exit_code

HELP = (
    "Adds items to a served model and removes them, without training. The commands add "
    "and remove write to the log of the model, which serving.server follows. The "
    "command compact writes a version with these items, which any server can load."
)
SHOWN = 3  # wrong items that a message shows
MODEL = Annotated[
    pathlib.Path,
    Argument(metavar="MODEL", help="Folder of the model, with its versions."),
]


def add(
    model: MODEL,
    items: Annotated[
        pathlib.Path,
        Argument(metavar="ITEMS", help="Table of items: parquet, CSV or JSONL."),
    ],
):
    """Adds items, and replaces those with the same id."""
    log = _open(model)
    # Reading tables takes seconds to import: not before the folder is right.
    from tfrec.data.feature_cells import with_features
    from tfrec.data.schema import ITEMS
    from tfrec.data.table_reader import read_table
    from tfrec.export.manifest import item_columns
    from tfrec.export.version_folders import version_folder

    columns = item_columns(version_folder(model))
    table = with_features(ITEMS, columns, are_named=False)
    frame = read_table(items, table, None, "raise", None)
    if frame.empty:
        raise DataError(
            f"ITEMS must have at least one item. Received: none in {items}."
        )
    changes = _changes(frame, columns, items)
    from tfrec.data.item_order import check_added

    known = _known(model, log)
    added = {each.item_id: each.prerequisites for each in changes}
    warning = check_added(added, known, known)
    log.append(changes)
    print(f"{log.path}: {len(frame)} items added.")
    if warning:
        print(warning)


def remove(
    model: MODEL,
    item_ids: Annotated[list[str], Argument(metavar="ID ...", help="Ids of items.")],
):
    """Removes items: they are not recommended any more."""
    log = _open(model)
    from tfrec.data.item_changes import ItemChange

    changes = [ItemChange(item_id=each, is_removed=True) for each in item_ids]
    known = _known(model, log)
    unknown = [each.item_id for each in changes if each.item_id not in known]
    log.append(changes)
    print(f"{log.path}: {len(changes)} items removed.")
    if unknown:
        print(
            f"Neither the newest version nor the log has these items: "
            f"{', '.join(unknown)}."
        )


def compact(model: MODEL):
    """Writes the next version: the newest one, with the items of the log."""
    log = _open(model)
    from tfrec.export.compaction import compact as write

    read = log.read()
    if not read.changes:
        raise DataError(f"There must be changes to compact. Received: {log.path}.")
    version, refused = write(model, read.changes)
    num_passed_over = len(refused) + len(read.problems)
    print(
        f"{version}: {len(read.changes) - len(refused)} changes made, "
        f"{num_passed_over} skipped."
    )


def _open(model):
    from tfrec.export.item_log import ItemLog
    from tfrec.export.version_folders import list_versions

    if not list_versions(model):
        raise DataError(
            "MODEL must be a folder of integer version folders, because its item "
            f"log is beside them. Received: {model}."
        )
    return ItemLog.of(model)


def _changes(frame, columns, items):
    """The `ItemChange`s of a table's rows, all right or none."""
    from tfrec.data.feature_cells import given_features
    from tfrec.data.item_changes import ItemChange
    from tfrec.feature_values import read_features

    known = [field.name for field in dataclasses.fields(ItemChange)]
    rows = frame[[name for name in known if name in frame]].to_dict("records")
    changes, problems = [], []
    pairs = zip(rows, given_features(frame, columns), strict=True)
    for number, (row, given) in enumerate(pairs, start=1):
        try:
            features = read_features(given, columns)  # vectors may differ in width
            changes.append(ItemChange(**row, features=features))
        except DataError as error:
            problems.append(f"Item {number}: {error}")
    if problems:
        raise DataError(
            f"{len(problems)} of {len(rows)} items of {items} are wrong, and none was "
            f"added. {' '.join(problems[:SHOWN])}"
        )
    return changes


def _known(model, log):
    """Prerequisites by id of the newest version's items and of those of the log."""
    from tfrec.client.item_table import read_item_table
    from tfrec.data.item_order import AFTER, split_ids
    from tfrec.export.artefact import version_folder

    path = version_folder(model) / "assets.extra" / "items.parquet"
    table = read_item_table(path, AFTER)
    ids = table["item_id"]
    after = table.get(AFTER, [""] * len(ids))  # older versions have no such column
    known = dict(zip(ids, map(split_ids, after), strict=True))
    for change in log.read().changes:
        known.pop(change.item_id, None)
        if not change.is_removed:
            known[change.item_id] = change.prerequisites
    return known


def main():
    """Entry point of `tfrec-index`."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=HELP)
    for command in (add, remove, compact):
        app.command()(exit_code(command))
    app()


if __name__ == "__main__":
    main()
