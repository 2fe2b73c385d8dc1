"""The items that are most like each of many, a chunk at a time."""

import pathlib
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from serving.batch.tables import open_output, stream_table
from tfrec.client.predictor import Predictor
from tfrec.data.columns import Column, Table, parse_id
from tfrec.errors import DataError
from tfrec.progress import Progress

CHUNK = 2048  # items whose answers are in memory at a time
ITEM_IDS = Table("Items", (Column("item_id", parse_id, is_required=True),))
SCHEMA = pa.schema(
    {
        "item_id": pa.string(),
        "rank": pa.int32(),
        "similar_item_id": pa.string(),
        "score": pa.float32(),
    }
)


def read_item_ids(path: pathlib.Path) -> list[str]:
    """The ids of a table of items.

    Raises:
        DataError: it cannot be read, or has no row.
    """
    frames = stream_table(path, ITEM_IDS, {})
    ids = [item_id for frame in frames for item_id in frame["item_id"]]
    if not ids:
        raise DataError(
            f"`--items` must have at least one item. Received: none in {path}."
        )
    return ids


def write_similar(
    model: Predictor, item_ids: Sequence[str], out: pathlib.Path, **options: Any
) -> int:
    """Writes the items that are most like each.

    Args:
        model: that is asked.
        item_ids: whose likes are sought; an unknown one has no rows.
        out: file, as `serving.batch.tables.check_output` allows it.
        **options: as `Predictor.similar` takes them.

    Returns:
        How many rows were written.
    """
    num_rows = 0
    with open_output(out, SCHEMA) as write:
        for table in _tables(model, item_ids, options):
            write(table)
            num_rows += len(table)
    return num_rows


def _tables(model, item_ids, options) -> Iterator[pa.Table]:
    progress = Progress("Finding similar items", len(item_ids))
    for start in range(0, len(item_ids), CHUNK):
        part = item_ids[start : start + CHUNK]
        found = model.similar(part, **options)
        columns = (found["query"], found["rank"], found["item_id"], found["score"])
        arrays = [
            pa.array(column.to_numpy(), field.type)
            for column, field in zip(columns, SCHEMA, strict=True)
        ]
        yield pa.Table.from_arrays(arrays, schema=SCHEMA)
        progress.advance(len(part))
