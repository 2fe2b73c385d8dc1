"""Files and folders that are either whole or absent, and what they may be called."""

import contextlib
import os
import pathlib
import re
import shutil
import unicodedata

NAME_RULE = (
    "a name of one file or folder (no `/`, no `\\`, no control characters, not empty, "
    "not `.` or `..`)"
)


def is_file_name(name):
    """Whether a name that people choose can be one part of a path.

    Example:
        >>> [is_file_name(name) for name in ("shop 2", "..", "a/b", "")]
        [True, False, False, False]
    """
    is_plain = not any(
        letter in "/\\" or unicodedata.category(letter) in ("Cc", "Cs")
        for letter in name
    )
    return is_plain and name not in ("", ".", "..")


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
    aside = aside_of(path)
    try:
        yield aside
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_folder(path, marker):
    """A folder beside `path` to write to; it takes `path`'s place when all went well.

    Args:
        path: `pathlib.Path` where the finished folder shall be.
        marker: name of a file that tells that what is there may be replaced.

    Yields:
        `pathlib.Path` of the new, empty folder.

    Raises:
        FileExistsError: something else is at `path`.
    """
    if path.exists() and not (path / marker).is_file():
        raise FileExistsError(f"{path} must not be there, or hold a {marker}.")
    aside = aside_of(path)
    aside.mkdir(parents=True)
    try:
        yield aside
        if path.exists():
            remove(path)
        aside.rename(path)
    finally:
        if aside.exists():
            remove(aside)


def aside_of(path):
    """Where this process writes what is to become `path`: beside it, hidden.

    What processes that have ended without cleaning up left there is removed.

    Args:
        path: `pathlib.Path` of a file or folder.
    """
    leftover = re.compile(rf"\.{re.escape(path.stem)}\.(\d+){re.escape(path.suffix)}")
    for other in path.parent.glob(".*"):
        found = leftover.fullmatch(other.name)
        if found and _has_ended(int(found[1])):
            remove(other)
    return path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")


def remove(path):
    """Removes a file, or a folder with all that is in it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _has_ended(process_id):
    """Whether no process of that number runs; our own wrote it in an earlier life."""
    if process_id == os.getpid():
        return True
    if os.name != "posix":  # elsewhere, asking may end it
        return False
    try:
        os.kill(process_id, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        pass  # it runs, and is somebody else's
    return False
