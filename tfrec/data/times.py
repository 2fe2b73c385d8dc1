"""Logs without times: how they are recognised, and that no typing error makes one."""

from tfrec.data.problems import in_file, near_name, show_names
from tfrec.errors import DataError
from tfrec.values import read_time

TIMESTAMP = "timestamp"
SYNONYMS = ("date", "datetime", "eventtime", "createdat", "unixtime")


def lacks_times(frame):
    """Whether no event of a raw frame has a time.

    Raises:
        DataError: a column has a name like those of times.
    """
    if TIMESTAMP in frame and _has_any(frame[TIMESTAMP]):
        return False
    _check_names(map(str, frame.columns))
    return True


def files_lack_times(files):
    """Whether no event of `TableFiles` has a time.

    Raises:
        DataError: a file cannot be read, a column is missing, or one has a name like
            those of times.
    """
    found: dict[str, None] = {}
    for _, chunk in files:
        if TIMESTAMP in chunk.frame and _has_any(chunk.frame[TIMESTAMP]):
            return False
        found |= dict.fromkeys(files.found)
    time_column = files.columns.get(TIMESTAMP)
    _check_names([name for name in found if name != time_column], files.path)
    return True


def _has_any(cells):
    """Whether a cell has a time, or something else that is refused with its row."""
    return any(map(_is_given, cells))


def _is_given(cell):
    try:
        return read_time(cell) is not None
    except ValueError:
        return True


def _check_names(names, file=""):
    """Refuses what may be times under another name: without them much is lost."""
    names = [name for name in names if name != TIMESTAMP]
    near = near_name(TIMESTAMP, names, SYNONYMS)
    if near is not None:
        raise DataError(
            "Events must have their times in a column `timestamp`, because those of "
            f"`{near}` would be lost. Did you mean `{near}`? Columns found"
            f"{in_file(file)}: {show_names(names)}. "
            f'Map it with `data.columns = {{ timestamp = "{near}" }}` in a training\'s '
            "configuration, or rename it; rename it too if it has no times."
        )
