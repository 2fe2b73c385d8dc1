"""How much a free-text query counts beside what is known of a person."""

import collections
import dataclasses
import itertools
import logging
import re

import numpy as np
import tensorflow as tf

from tfrec.evaluation import metrics
from tfrec.evaluation.evaluate import strike_forbidden
from tfrec.evaluation.ranks import ranks_of_blends
from tfrec.hybrid.offline_scores import HybridRecommender
from tfrec.hybrid.written_texts import WrittenTexts
from tfrec.text.catalogue_cache import encode_in_batches

logger = logging.getLogger(__name__)

GRID = (0.0, *(2.0**power for power in range(9)))
ENOUGH = 0.95  # of the best NDCG: the largest weight that reaches it is taken
MOST = 500  # searches
NUM_WORDS = 3  # of a search, at most
BATCH = 50  # searches whose likeness to all items is looked at
DEPTH = 10  # of the lists that are judged
_WORD = re.compile(r"[㐀-鿿]{2}|[^\W㐀-鿿]+")  # two Chinese characters are one


def choose_search_weight(model, queries):
    """Chooses it on searches made of a few words of what people took next.

    Several items have such words, so both the words and the person tell which of them
    is wanted, as in a shop. Each search is asked twice: by the person, and by another
    one, since people also search for what their history says nothing of. Real searches
    use other words than the catalogue's as well: of weights that do nearly as well, it
    is the largest.

    Args:
        model: `HybridModel` whose weights were chosen.
        queries: `Queries` from after the events that the model learnt from.
    """
    towers = model.towers
    if towers.query_text_encoder is None:
        return
    rng = np.random.default_rng(towers.seed)
    asked = queries.take(rng.permutation(len(queries))[:MOST])
    rows = asked.target_rows[asked.target_offsets[:-1]]
    searches = _made_up(towers.catalogue.texts, rows, rng)
    has_words = searches != ""
    if not has_words.any():
        return
    asked, rows = asked.take(np.flatnonzero(has_words)), rows[has_words]
    searches = searches[has_words]
    model.weights = dataclasses.replace(model.weights, search=1.0)
    hybrid = model.hybrid_scorer()
    known = HybridRecommender(hybrid).score(asked)
    strike_forbidden(known, asked, towers.allow_repeats)
    said, match = _scores(hybrid, searches)
    offsets, reached = np.arange(len(rows) + 1), np.zeros(len(GRID))
    for askers in (known, np.roll(known, 1, axis=0)):
        ranks = ranks_of_blends(askers + said, match, GRID, offsets, rows, DEPTH)
        reached += [metrics.ndcg(each, offsets, DEPTH).mean() / 2 for each in ranks]
    for weight, found in zip(GRID, reached, strict=True):
        logger.debug("Weight %g of searches: %.4f.", weight, found)
    largest = np.flatnonzero(reached >= ENOUGH * reached.max())[-1]
    model.weights = dataclasses.replace(model.weights, search=GRID[largest])


def _made_up(texts, rows, rng):
    """`[n]` searches for the items of `rows`: a few words of each one's text.

    Rare words are drawn more often, for they say what an item is.
    """
    words = [sorted(set(_WORD.findall(text.lower()))) for text in texts]
    counts = collections.Counter(itertools.chain.from_iterable(words))

    def few(own):
        if not own:
            return ""
        rarity = np.log((1 + len(texts)) / np.array([counts[word] for word in own]))
        size = min(len(own), 1 + rng.integers(NUM_WORDS))
        return " ".join(rng.choice(own, size, replace=False, p=rarity / rarity.sum()))

    return np.array([few(words[row]) for row in rows], object)


def _scores(hybrid, searches):
    """`[searches, items]` scores of searches: as written texts, and of likeness."""
    model = hybrid.model
    encoded = encode_in_batches(model.query_text_encoder, searches)
    words = model.words(model.bm25_dim).in_batches(searches)
    vectors = np.concatenate([encoded, words], axis=1)
    written = WrittenTexts(
        tf.constant(searches[:, None], tf.string),
        tf.constant(vectors[:, None]),
        tf.ones([len(searches), 1]),
    )
    said = hybrid.said(written).numpy()
    said = said @ hybrid.candidates.numpy()[:, : said.shape[1]].T
    match = hybrid.text_match  # of weight 1
    every_row = tf.range(model.catalogue.num_items)[None]
    parts = np.array_split(
        match.queries(vectors, tf.constant(searches)), -(-len(searches) // BATCH)
    )
    return said, np.concatenate([match.likeness(each, every_row) for each in parts])
