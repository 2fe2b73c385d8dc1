"""Whether the files of a version are all there, and as long as they were saved."""

import contextlib
import pathlib
import re

from tfrec.errors import ArtefactError
from tfrec.export.variables_index import data_sizes

_POINTER = re.compile(rb"version https://git-lfs[^\n]*\n(?:.*\n)*?size (\d+)\n")
_POINTER_BYTES = 1024  # at most


def check_no_pointers(folder: pathlib.Path) -> None:
    """Refuses pointers of Git LFS in place of the files that they stand for.

    Raises:
        ArtefactError: with the first of them, and how long it should be.
    """
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.stat().st_size <= _POINTER_BYTES:
            content = path.read_bytes()
            if found := _POINTER.match(content):
                raise ArtefactError(
                    f"{path} must have {int(found[1])} bytes. Received: a pointer of "
                    f"Git LFS, {len(content)} bytes. Run `git lfs pull`, and copy the "
                    "version again."
                )


def check_variables(folder: pathlib.Path) -> None:
    """Refuses a version whose variables were not copied, or not to their end.

    Raises:
        ArtefactError: with the file, and how long it should be.
    """
    index = folder / "variables" / "variables.index"
    if not index.is_file():
        raise ArtefactError(
            f"{index} must be there, because it says where the model's numbers are. "
            "Received: no such file. Copy the version again, with its folder "
            "`variables`."
        )
    for name, size in data_sizes(index).items():
        path = index.with_name(name)
        found = path.stat().st_size if path.is_file() else None
        if found is None or found < size:
            raise ArtefactError(
                f"{path} must have {size} bytes, because the index beside it says so. "
                f"Received: {'no such file' if found is None else found}. Copy the "
                "version again."
            )


def check_unchanged(folder: pathlib.Path, files: tuple) -> None:
    """Refuses a version whose files are not as they were.

    Args:
        folder: of the version.
        files: what `list_files` gave.

    Raises:
        ArtefactError: some file has come, gone or changed.
    """
    if list_files(folder) != files:
        raise ArtefactError(
            f"{folder} changed while it was read, as if it were still being copied. "
            "Copy it beside and rename it."
        )


def list_files(folder: pathlib.Path) -> tuple:
    """Name, size and time of each file: changes while a copy goes on."""
    found = []
    for path in sorted(folder.rglob("*")):
        with contextlib.suppress(OSError):  # such as gone since it was listed
            stat = path.stat()
            found.append((str(path), stat.st_size, stat.st_mtime_ns))
    return tuple(found)
