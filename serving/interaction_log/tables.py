"""The tables of a log, and what records have for them."""

import math
from typing import Any

import pyarrow as pa

from serving.user_states.log_records import EVENTS, IMPRESSIONS

SCHEMAS = {
    EVENTS: pa.schema(
        {
            "user_id": pa.string(),
            "item_id": pa.string(),
            "timestamp": pa.int64(),
            "event": pa.string(),
            "value": pa.float64(),
            "sequence": pa.int64(),
            "event_id": pa.string(),
            "text": pa.string(),
            "recommendation_id": pa.string(),
            "received": pa.int64(),
        }
    ),
    IMPRESSIONS: pa.schema(
        {
            "recommendation_id": pa.string(),
            "user_id": pa.string(),
            "item_id": pa.string(),
            "position": pa.int32(),
            "score": pa.float64(),
            "probability": pa.float64(),
            "propensity": pa.float64(),
            "timestamp": pa.int64(),
            "source": pa.string(),
            "model": pa.string(),
            "model_version": pa.int64(),
            "rules_version": pa.string(),
            "experiment": pa.string(),
            "arm": pa.string(),
            "received": pa.int64(),
        }
    ),
}


def rows_of(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a record: one of an event, one for each item that was shown."""
    if record["table"] == EVENTS:
        value = math.nan if record["value"] is None else record["value"]
        return [{**record, "value": value}]
    about = {key: value for key, value in record.items() if key != "items"}
    return [
        {**about, **item, "position": position}
        for position, item in enumerate(record["items"], start=1)
    ]


def table_of(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    """Rows as a table of the log; what a schema lacks is left out."""
    return pa.Table.from_pylist(rows, schema=SCHEMAS[name])
