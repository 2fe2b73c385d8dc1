"""Chinese words, which are written without spaces between them."""

import functools
import logging
from typing import Any

from tfrec.download import cache_folder
from training.enriching.packages import words_package


def cut_words(text: str) -> list[str]:
    """The words of a Chinese text, one after the other."""
    return jieba().lcut(text)


@functools.cache
def jieba() -> Any:
    """The package, told to be quiet and to keep its dictionary in our cache folder.

    Its own place is a file of a known name in the folder for temporary files, which
    anybody on the machine may have written.
    """
    package = words_package("jieba")
    package.setLogLevel(logging.WARNING)
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    package.dt.tmp_dir = str(folder)
    return package
