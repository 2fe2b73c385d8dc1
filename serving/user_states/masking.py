"""URLs for people to read: without what only the store may know."""

import re

_NAME_AND_PASSWORD = re.compile(r"^(\w+://)?.*@", re.DOTALL)
_IN_QUERY = re.compile(r"((?:username|password)=)[^&]*")


def masked(url: str) -> str:
    """A URL without its name and password, however they are written.

    Example:
        >>> masked("redis://:secret@host:6379/0")
        'redis://***@host:6379/0'
        >>> masked("redis://host:6379/0?password=secret")
        'redis://host:6379/0?password=***'
    """
    return _IN_QUERY.sub(r"\1***", _NAME_AND_PASSWORD.sub(r"\1***@", url))
