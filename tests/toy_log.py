"""A small log with a known truth: four genres, users whose taste moves on.

Each user has a taste in one genre, and from some day on in the next. Texts and
categories tell the genre, so that texts, co-occurrence and recency each say what a
user likes now, and popularity says nothing.
"""

import pathlib

import numpy as np
import pandas as pd

GENRES = {
    "space": "rockets and distant stars",
    "garden": "roses and patient soil",
    "océan": "waves and deep water",
    "music": "songs and old guitars",
}
NUM_USERS, ITEMS_PER_GENRE = 120, 15
EVENTS_PER_USER = (16, 26)
SKIP_SHARE = 0.2  # of the events, where there are skips: items of another genre
STRAY_SHARE = 0.1  # of the events: any item
DAY_S = 86_400
START = 1_700_000_000
NUM_DAYS = 100


def toy_items():
    """Frame of the catalogue, ordered by genre."""
    rows = [
        {
            "item_id": f"{genre}-{number:02d}",
            "title": f"{genre.capitalize()} number {number}",
            "text": f"About {about}.",
            "category": f"{genre}|{'new' if number % 2 else 'old'}",
        }
        for genre, about in GENRES.items()
        for number in range(ITEMS_PER_GENRE)
    ]
    return pd.DataFrame(rows)


def toy_users():
    """Frame of the users; every second one has a profile, of the later taste."""
    abouts = list(GENRES.values())
    texts = [
        f"Likes {abouts[(user + 1) % 4]}." if user % 2 else ""
        for user in range(NUM_USERS)
    ]
    ids = [f"u{user:03d}" for user in range(NUM_USERS)]
    return pd.DataFrame({"user_id": ids, "text": texts})


def toy_events(with_skips=False, seed=0):
    """Frame of the log, in order of time; nobody meets an item twice."""
    rng = np.random.default_rng(seed)
    rows = [
        (f"u{user:03d}", item_id, START + second, event)
        for user in range(NUM_USERS)
        for item_id, second, event in _events(user, with_skips, rng)
    ]
    columns = ["user_id", "item_id", "timestamp", "event"]
    log = pd.DataFrame(rows, columns=columns)
    return log.sort_values("timestamp", kind="stable", ignore_index=True)


def _events(user, with_skips, rng):
    """`(item_id, second, event)` of a user whose taste moves from one genre on."""
    ids = toy_items()["item_id"].to_numpy().reshape(len(GENRES), ITEMS_PER_GENRE)
    seconds = np.sort(rng.integers(0, NUM_DAYS * DAY_S, rng.integers(*EVENTS_PER_USER)))
    turn = rng.uniform(0.3, 0.6) * NUM_DAYS * DAY_S
    unseen = [list(rng.permutation(genre)) for genre in ids]
    for second in seconds:
        taste = (user + int(second > turn)) % len(GENRES)
        event = "skip" if with_skips and rng.random() < SKIP_SHARE else "play"
        strays = event == "skip" or rng.random() < STRAY_SHARE
        genre = (taste + rng.integers(1, 4)) % len(GENRES) if strays else taste
        if unseen[genre]:
            yield unseen[genre].pop(), int(second), event


def write_toy_log(folder, suffix="parquet", *, with_items=True, with_skips=False):
    """Writes a data folder and returns its path.

    Args:
        folder: path; it is made.
        suffix: `"parquet"`, `"csv"` or `"jsonl"`.
        with_items: whether there is a catalogue, and with it any text.
        with_skips: whether some events are `"skip"`, of items that nobody asked for.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True)
    tables = {"events": toy_events(with_skips)}
    if with_items:
        tables |= {"items": toy_items(), "users": toy_users()}
    for name, frame in tables.items():
        write_table(frame, folder / f"{name}.{suffix}")
    return folder


def write_table(frame, path):
    """Writes a frame as its path's suffix says."""
    if path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    elif path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_json(path, orient="records", lines=True, force_ascii=False)


def toy_config(folder, data, *overrides):
    """Command-line overrides of a run that takes seconds; all it writes is in `folder`.

    Args:
        folder: path of `runs/` and `saved_models/`.
        data: path of the data folder.
        *overrides: further `section.key=value`.
    """
    return [
        f"data.folder={data}",
        f"run.folder={folder / 'runs'}",
        f"export.folder={folder / 'saved_models'}",
        "run.name=toy",
        "model.text_encoder=lstm",
        "model.embedding_dim=16",
        "model.window_length=12",
        "model.num_layers=1",
        "model.item_to_item_dim=8",
        "model.bm25_dim=8",
        "model.dropout=0.1",
        "text.lstm_units=8",
        "text.max_length=16",
        "text.vocabulary_size=200",
        "train.max_epochs=4",
        "train.patience=2",
        "train.batch_size=32",
        "train.learning_rate=0.02",
        "evaluation.bootstrap_samples=50",
        *overrides,
    ]
