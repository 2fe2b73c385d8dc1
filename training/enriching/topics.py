"""Groups of texts that are about the same, named by the words that tell them apart."""

import logging
import re
from collections.abc import Sequence

import numpy as np

from training.enriching.chinese import cut_words
from training.enriching.describing import clean_text
from training.enriching.keywords import stop_words
from training.enriching.packages import words_package

logger = logging.getLogger(__name__)

FEWEST_TEXTS = 20  # below that, groups would say nothing
MOST_TOPICS = 100
MAX_FITTED = 50_000  # texts that the groups are found in; the others join the nearest
NAME_WORDS = 3  # in a topic's name, more where two would be called alike
READ = 500  # characters of a text that count for the names
SEED = 0
_WORD = re.compile(r"[^\W\d_]{3,}|[\u3400-\u9fff]{2,}")
_HAN = re.compile(r"[\u3400-\u9fff]")


def number_of_topics(num_texts: int) -> int:
    """The square root of half the number of texts, 2 at least and 100 at most.

    Example:
        >>> [number_of_topics(count) for count in (20, 1664, 1_000_000)]
        [3, 29, 100]
    """
    return int(np.clip(round((num_texts / 2) ** 0.5), 2, MOST_TOPICS))


def find_topics(
    texts: Sequence[str], languages: Sequence[str], vectors: np.ndarray
) -> np.ndarray:
    """The name of each text's topic, `""` for all of them where there are too few.

    K-means on vectors of length 1, with a fixed seed: the same texts give the same
    topics.

    Args:
        texts: distinct texts.
        languages: code of each text's language, `""` where it is not known.
        vectors: `[n, dim]` float array.

    Returns:
        `[n]` object array of strings.
    """
    if len(texts) < FEWEST_TEXTS:
        logger.info("No topics: %d texts are fewer than %d.", len(texts), FEWEST_TEXTS)
        return np.full(len(texts), "", object)
    cluster = words_package("sklearn.cluster")
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors = vectors / np.maximum(norms, np.finfo("float32").tiny)
    count = number_of_topics(len(texts))
    order = np.random.default_rng(SEED).permutation(len(texts))
    means = cluster.KMeans(count, n_init=3, random_state=SEED)
    groups = means.fit(vectors[order[:MAX_FITTED]]).predict(vectors)
    words = [words_of(*pair) for pair in zip(texts, languages, strict=True)]
    return np.array(name_topics(words, groups), object)[groups]


def name_topics(words: Sequence[list[str]], groups: np.ndarray) -> list[str]:
    """Names of groups of texts, no two alike.

    The words with the highest c-TF-IDF: the share of a group's words that a word has,
    times log(1 + words of an average group / times that the word stands anywhere).

    Args:
        words: of each text.
        groups: `[n]` int array, the group of each.

    Returns:
        A name of each group, such as `"ship, sea, island"`; `""` where it has no word.

    Reference:
        Grootendorst, BERTopic: Neural topic modeling with a class-based TF-IDF
        procedure, 2022, https://arxiv.org/abs/2203.05794
    """
    num_groups = int(groups.max()) + 1
    if not any(words):
        return [""] * num_groups
    counter = words_package("sklearn.feature_extraction.text").CountVectorizer(
        analyzer=list
    )
    counts = counter.fit_transform(words)
    of_group = np.zeros([num_groups, counts.shape[1]])
    for group in range(num_groups):
        of_group[group] = np.asarray(counts[groups == group].sum(axis=0))
    shares = of_group / np.maximum(of_group.sum(axis=1, keepdims=True), 1)
    average = of_group.sum() / num_groups
    weights = shares * np.log1p(average / of_group.sum(axis=0))
    known = counter.get_feature_names_out()
    names: list[str] = []
    for row in weights:
        best = [known[place] for place in np.argsort(-row, kind="stable") if row[place]]
        names.append(_unused_name(best, names))
    return names


def words_of(text: str, language: str) -> list[str]:
    """Words of a text that may be in a name, in lower case; Chinese ones by jieba.

    Example:
        >>> words_of("The sea, the sea and 3 ships", "en")
        ['sea', 'sea', 'ships']
    """
    text = clean_text(text)[:READ].lower()
    words = _WORD.findall(text)
    if _HAN.search(text):
        words = [piece for word in words for piece in _split(word) if len(piece) > 1]
    stops = stop_words(language)
    return [word for word in words if word not in stops]


def _split(word):
    return cut_words(word) if _HAN.search(word) else [word]


def _unused_name(words, used):
    for length in range(NAME_WORDS, len(words) + 1):
        name = ", ".join(words[:length])
        if name not in used:
            return name
    name = ", ".join(words)
    number = 1 + sum(each.split(" (")[0] == name for each in used)
    return name if number == 1 or not name else f"{name} ({number})"
