"""Items put into a served model and taken out of it, without training.

    python -m serving.index add saved_models/tfrec items.parquet
    python -m serving.index remove saved_models/tfrec 50 172
    python -m serving.index compact saved_models/tfrec

`add` and `remove` write to the model's log, which our server follows; `compact` makes a
version of it, which every server takes.
"""

import pathlib
from typing import Annotated

import typer
from typer import Argument

from tfrec.errors import DataError
from tfrec.program import exit_code

MODEL = Annotated[
    pathlib.Path, Argument(metavar="MODEL", help="Folder of the model's versions.")
]


def add(
    model: MODEL,
    items: Annotated[
        pathlib.Path,
        Argument(metavar="ITEMS", help="Table of items: parquet, CSV or JSONL."),
    ],
):
    """Puts items in, new ones or in place of those of the same id."""
    log = _open(model)
    # Reading tables takes seconds to import: not before the folder is right.
    from tfrec.data.item_changes import Change
    from tfrec.data.readers import read_items

    rows = read_items(items).frame.drop(columns="domain").to_dict("records")
    changes = [Change(**row) for row in rows]
    log.append(changes)
    print(f"{log.path}: {len(changes)} items put in.")


def remove(
    model: MODEL,
    item_ids: Annotated[list[str], Argument(metavar="ID ...", help="Ids of items.")],
):
    """Takes items out: they are not recommended any more."""
    log = _open(model)
    from tfrec.data.item_changes import Change

    log.append([Change(item_id=each, is_removed=True) for each in item_ids])
    print(f"{log.path}: {len(item_ids)} items taken out.")


def compact(model: MODEL):
    """Writes the next version: the newest one with the log's items."""
    log = _open(model)
    from tfrec.export.compaction import compact as write

    changes, _ = log.read()
    if not changes:
        raise DataError(f"There must be changes to compact. Received: {log.path}.")
    print(f"{write(model, changes)}: {len(changes)} changes made.")


def _open(model):
    from serving.items.log import ItemLog
    from serving.version_folders import list_versions

    if not list_versions(model):
        raise DataError(
            "MODEL must be a folder of integer version folders, because its log of "
            f"items stands beside them. Received: {model}."
        )
    return ItemLog.of(model)


def main():
    """Entry point of `tfrec-index`."""
    app = typer.Typer(
        add_completion=False, pretty_exceptions_enable=False, help=__doc__
    )
    for command in (add, remove, compact):
        app.command()(exit_code(command))
    app()


if __name__ == "__main__":
    main()
