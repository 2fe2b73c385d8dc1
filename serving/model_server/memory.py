"""Memory of this process."""

import contextlib
import ctypes
import os
import pathlib
import resource
import sys

_STATM = pathlib.Path("/proc/self/statm")


def resident_bytes() -> int:
    """Bytes in memory now; where the system does not tell, the most there ever were.

    Example:
        >>> resident_bytes() > 1_000_000
        True
    """
    if _STATM.exists():
        return int(_STATM.read_text(encoding="utf-8").split()[1]) * os.sysconf(
            "SC_PAGE_SIZE"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def return_freed() -> None:
    """Has memory that is no longer used returned to the system, where glibc kept it."""
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
