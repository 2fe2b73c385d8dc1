"""Which folders below a model's are its versions, and what is wrong where none is."""

import pathlib

from tfrec.errors import ArtefactError

_MAX_VERSION = 2**63 - 1  # the protocol's numbers have 64 bits
_SHOWN = 3  # names that errors quote


def find_versions(folder: pathlib.Path) -> dict[int, pathlib.Path]:
    """The version folders of a model, oldest first; none where there is no folder.

    `0000001` is version 1. Where two folders have the same number, the shorter name
    counts.

    Args:
        folder: of the model.
    """
    if not folder.is_dir():
        return {}
    found: dict[int, pathlib.Path] = {}
    for path in _candidates(folder):
        found.setdefault(int(path.name), path)
    return dict(sorted(found.items()))


def list_versions(folder: pathlib.Path) -> list[int]:
    """Version numbers below a model folder, oldest first."""
    return list(find_versions(folder))


def is_version(folder: pathlib.Path) -> bool:
    """Whether a folder holds a saved model itself, and no versions."""
    return (folder / "saved_model.pb").is_file() and not list_versions(folder)


def version_folder(folder) -> pathlib.Path:
    """The folder itself if it holds a saved model, else its newest version.

    Raises:
        ArtefactError: neither is there.
    """
    folder = pathlib.Path(folder)
    if (folder / "saved_model.pb").is_file():
        return folder
    versions = find_versions(folder)
    if not versions:
        raise ArtefactError(
            "A model folder must hold `saved_model.pb` or integer version folders. "
            f"Received: {folder}, which has neither."
        )
    return versions[max(versions)]


def what_is_wrong(folder: pathlib.Path) -> str:
    """What an operator should know of a model's folder, `""` for nothing."""
    try:
        others = [path.name for path in _doubles(folder)]
        words = "" if find_versions(folder) else _why_none(folder)
    except OSError as error:
        return f"{folder} cannot be read: {error}."
    if others:
        words = (
            f"{folder} has two folders of one number; the shorter name counts, and not "
            f"{', '.join(others[:_SHOWN])}."
        )
    return words


def _why_none(folder):
    rule = f"A version must be at {folder}/<integer>/saved_model.pb."
    if is_version(folder):
        return (
            f"{rule} Received: the folder of a version itself. "
            f"Give the one above it, {folder.resolve().parent}."
        )
    names = sorted(path.name for path in folder.iterdir())
    shown = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
    return f"{rule} Found there: {shown or 'nothing'}."


def _doubles(folder):
    """The folders that do not count, because another one has their number."""
    return sorted(set(_candidates(folder)) - set(find_versions(folder).values()))


def _candidates(folder):
    """Folders named by a number, the shortest names first."""
    paths = [path for path in folder.iterdir() if _is_number(path.name)]
    return sorted((p for p in paths if p.is_dir()), key=lambda p: (len(p.name), p.name))


def _is_number(name):
    is_short = len(name) < 100  # more digits are not worth reading
    is_digits = name.isascii() and name.isdecimal()
    return is_short and is_digits and int(name) <= _MAX_VERSION
