"""Files that are either whole or absent."""

import contextlib
import os
import pathlib


@contextlib.contextmanager
def replacing(path):
    """A path beside `path` to write to; it takes `path`'s place when all went well.

    Args:
        path: where the finished file shall be; its folder is made.

    Yields:
        `pathlib.Path` with the suffix of `path`.
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield aside
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
