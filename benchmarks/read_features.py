"""What feature columns add to the time in which a log is read and encoded.

    python benchmarks/read_features.py

A million generated events with eight more columns, in parquet and in CSV, are read,
cleaned and encoded: once without the columns, which the files have all the same, and
once with them.
"""

import logging
import pathlib
import tempfile
import time

import numpy as np
import pandas as pd

from tfrec.config import from_dict
from tfrec.program import run_program
from tfrec.training.log import load_run_data

NUM_EVENTS, NUM_USERS, NUM_ITEMS, ROUNDS = 1_000_000, 50_000, 20_000, 3
CONTEXT = {
    "device": "category",
    "place": "category",
    "channel": "category",
    "campaigns": "categories",
    "price": "number",
    "temperature": "number",
    "distance": "number",
    "session_start": "time",
}


def generated_events():
    """The frame of the log."""
    rng = np.random.default_rng(0)
    times = 1_700_000_000 + rng.integers(0, 10_000_000, NUM_EVENTS)
    return pd.DataFrame(
        {
            "user_id": rng.integers(0, NUM_USERS, NUM_EVENTS),
            "item_id": rng.integers(0, NUM_ITEMS, NUM_EVENTS),
            "timestamp": times,
            "device": rng.choice(["phone", "tablet", "desktop", ""], NUM_EVENTS),
            "place": rng.integers(0, 500, NUM_EVENTS).astype(str),
            "channel": rng.choice(["mail", "search", "direct"], NUM_EVENTS),
            "campaigns": rng.choice(["a|b", "b", "", "a|c"], NUM_EVENTS),
            "price": rng.lognormal(3, 1, NUM_EVENTS).round(2),
            "temperature": rng.normal(15, 8, NUM_EVENTS).round(1),
            "distance": rng.exponential(5, NUM_EVENTS),
            "session_start": times - rng.integers(0, 3600, NUM_EVENTS),
        }
    )


def seconds(folder, context):
    """CPU seconds of reading a folder."""
    config = from_dict({"data": {"folder": folder}, "features": {"context": context}})
    start = time.process_time()
    load_run_data(config)
    return time.process_time() - start


def main():
    """Prints CPU seconds and their ratio for each format."""
    logging.disable(logging.WARNING)
    events = generated_events()
    for kind, write in (("parquet", events.to_parquet), ("csv", events.to_csv)):
        with tempfile.TemporaryDirectory() as folder:
            write(pathlib.Path(folder, f"events.{kind}"), index=False)
            pairs = [
                (seconds(folder, {}), seconds(folder, CONTEXT)) for _ in range(ROUNDS)
            ]
        without, with_them = np.median(pairs, axis=0)
        print(
            f"{kind}: {without:.1f} s without the columns, {with_them:.1f} s with "
            f"them, ratio {with_them / without:.2f}"
        )


if __name__ == "__main__":
    run_program(main)
