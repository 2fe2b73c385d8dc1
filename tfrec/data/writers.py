"""A data set as a folder of parquet files, the form that `read_folder` reads."""

import pathlib

from tfrec.files import replacing


def write_folder(dataset, folder):
    """Writes `events.parquet`, `items.parquet` and `users.parquet`.

    Args:
        dataset: `Dataset`.
        folder: path; it is made if need be, and files in it are replaced.
    """
    folder = pathlib.Path(folder)
    for name in ("events", "items", "users"):
        with replacing(folder / f"{name}.parquet") as aside:
            getattr(dataset, name).frame.to_parquet(aside, index=False)
