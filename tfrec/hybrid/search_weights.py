"""How much a free-text query counts beside what is known of a person."""

import dataclasses
import itertools
import logging
import math

import numpy as np
import tensorflow as tf

from tfrec.data.history import HistoryBatch
from tfrec.hybrid.weights import SearchWeights
from tfrec.hybrid.written_texts import WrittenTexts
from tfrec.text.catalogue_cache import encode_in_batches

logger = logging.getLogger(__name__)

GRID = (1.0, 4.0, 16.0, 64.0, 256.0, 1024.0)
ENOUGH = 0.95  # of the best NDCG: the smallest weights that reach it are taken
MOST = 500  # searches
LEAST_WORDS = 4  # of a text that a search is made of
DEPTH = 10  # of the lists that are judged


def choose_search_weights(model):
    """Chooses them on searches made up of items' texts, of somebody unknown.

    A search has half of the words of a text, and should find the item. Of weights that
    find nearly as many, the smallest are kept: what is known of people counts, too.

    Args:
        model: `HybridModel` whose weights were chosen.
    """
    towers = model.towers
    if towers.query_text_encoder is None:
        return
    rows, searches = _made_up(towers.catalogue.texts, towers.seed)
    if not len(rows):
        return
    known, *parts = _scores(model.hybrid_scorer(), searches)
    targets = np.arange(len(rows)), rows

    def reached(weights):
        pairs = zip(weights, parts, strict=True)
        scores = known + sum(weight * part for weight, part in pairs)
        above = (scores >= scores[targets][:, None]).sum(axis=1)  # and itself
        return np.where(above <= DEPTH, 1 / np.log2(above + 1), 0).mean()

    pairs = map(SearchWeights._make, itertools.product(GRID, GRID))
    by_size = sorted(pairs, key=math.prod)
    found = np.array([reached(each) for each in by_size])
    place = int(np.argmax(found >= ENOUGH * found.max()))
    logger.debug("Weights of searches: %s, %.4f.", by_size[place], found[place])
    model.weights = dataclasses.replace(model.weights, search=by_size[place])


def _made_up(texts, seed):
    """`(rows, searches)`: some items, and half of the words of each one's text."""
    rng = np.random.default_rng(seed)
    words = [text.split() for text in texts]
    rows = np.flatnonzero([len(each) >= LEAST_WORDS for each in words])
    rows = rng.permutation(rows)[:MOST]

    def half(own):
        kept = np.sort(rng.permutation(len(own))[: len(own) // 2])
        return " ".join(own[place] for place in kept)

    return rows, np.array([half(words[row]) for row in rows], object)


def _scores(hybrid, searches):
    """Scores `[searches, items]`: of nobody in particular, of towers, of scorers."""
    model, size = hybrid.model, len(searches)
    encoded = encode_in_batches(model.query_text_encoder, searches)
    vectors = np.concatenate(
        [encoded, model.words(model.bm25_dim).in_batches(searches)], axis=1
    )
    nobody = HistoryBatch(
        tf.fill([1, 1], -1),
        tf.zeros([1, 1], tf.int32),
        tf.zeros([1, 1]),
        tf.zeros([1, 1], tf.int64),
    )
    blank = (tf.zeros([1], tf.int64), tf.zeros([1, model.texts.dim]))
    interests = [hybrid.query(nobody, *blank)[0]]
    for column in range(2):
        weights = tf.one_hot(tf.fill([size, 1], column), 2)
        said = WrittenTexts(
            tf.constant(searches[:, None], tf.string),
            tf.constant(vectors[:, None]),
            weights,
        )
        interests.append(hybrid.said(said))
    candidates = hybrid.candidates.numpy()
    return [each.numpy() @ candidates[:, : each.shape[1]].T for each in interests]
