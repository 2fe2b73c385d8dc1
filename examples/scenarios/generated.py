"""What the generated logs share: topics in words, tastes, times, and the files."""

import pathlib
from collections.abc import Sequence
from typing import Annotated, TypeAlias

import numpy as np
import pandas as pd
from typer import Argument, Option

DAY_S = 86_400
END = 1_793_491_200  # 1 November 2026, UTC: all events are before it
EVENTS = ["user_id", "item_id", "timestamp", "event", "value"]

Folder: TypeAlias = Annotated[pathlib.Path, Argument(help="Folder for the log.")]
Seed: TypeAlias = Annotated[int, Option(help="Another seed gives another log.")]
People: TypeAlias = Annotated[int, Option(help="Number of people.")]


def say(words: str, rng: np.random.Generator, size: int = 4) -> str:
    """A text about a topic: some of its words, in random order."""
    return " ".join(rng.choice(words.split(), size, replace=False))


def draw_tastes(
    rng: np.random.Generator, num_people: int, num_topics: int
) -> np.ndarray:
    """How much people like topics: one most of all, another one too, the rest little.

    Returns:
        `[num_people, num_topics]` shares that sum to 1.
    """
    tastes = np.full((num_people, num_topics), 0.1 / num_topics)
    for taste in tastes:
        first, second = rng.choice(num_topics, 2, replace=False)
        taste[first] += 0.6
        taste[second] += 0.3
    return tastes


def draw_times(rng: np.random.Generator, size: int, days: int) -> np.ndarray:
    """`[size]` UTC seconds of the last `days`, in order, none twice."""
    return END - np.sort(rng.choice(days * DAY_S, size, replace=False))[::-1] - 1


def write_log(
    folder: pathlib.Path,
    events: Sequence[tuple] | pd.DataFrame,
    items: Sequence[dict],
    users: Sequence[dict] = (),
) -> None:
    """Writes the tables of a log as parquet, events in order of time.

    Args:
        folder: path; it is made.
        events: rows of `EVENTS`, or a frame with these columns.
        items: rows with `item_id` and further columns.
        users: rows with `user_id` and further columns; none for no table.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log = pd.DataFrame(events, columns=None if hasattr(events, "columns") else EVENTS)
    tables = {"events": log.sort_values("timestamp", kind="stable")}
    tables |= {"items": pd.DataFrame(items)}
    if users:
        tables["users"] = pd.DataFrame(users)
    for name, frame in tables.items():
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    counts = ", ".join(f"{len(frame)} {name}" for name, frame in tables.items())
    print(f"{folder}: {counts}.")
