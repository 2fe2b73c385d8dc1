"""A data set as a folder of parquet files, the form that `read_folder` reads."""

import os
import pathlib


def write_folder(dataset, folder):
    """Writes `events.parquet`, `items.parquet` and `users.parquet`.

    Args:
        dataset: `Dataset`.
        folder: path; it is made if need be, and files in it are replaced.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("events", "items", "users"):
        aside = folder / f".{name}.{os.getpid()}.parquet"
        try:
            getattr(dataset, name).frame.to_parquet(aside, index=False)
            os.replace(aside, folder / f"{name}.parquet")
        finally:
            aside.unlink(missing_ok=True)
