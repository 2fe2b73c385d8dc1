"""Probabilities where the texts of person and item are all that is known."""

import dataclasses
import logging

import numpy as np
import tensorflow as tf

from tfrec.data.history import HistoryBatch
from tfrec.hybrid.written_texts import WrittenTexts
from tfrec.linear.logistic import fit_logistic

logger = logging.getLogger(__name__)

BATCH_SIZE = 1024  # pairs
LEAST = 50  # pairs of either label


def calibrate_texts(model, pairs):
    """Sets what turns scores of texts alone into probabilities.

    Each person is known by their profile or, in a log without profiles, by the text of
    the item that they liked last: "somebody who says this". Items are as if they were
    new. Where there are too few such pairs, the model keeps what holds for others.

    Args:
        model: `HybridModel` that `calibrate` has seen.
        pairs: `Pairs` from after the events that it learnt from.
    """
    towers = model.towers
    texts, is_kept = _sentences(towers, pairs.queries)
    is_kept &= towers.catalogue.texts[pairs.queries.target_rows] != ""
    labels = pairs.labels[is_kept]
    if min(labels.sum(), len(labels) - labels.sum()) < LEAST:
        return
    places = np.flatnonzero(is_kept)
    hybrid = model.hybrid_scorer()
    parts = [
        _features(hybrid, texts[part], pairs.queries.take(part))
        for part in np.array_split(places, -(-len(places) // BATCH_SIZE))
    ]
    l2 = model.initial_settings.logistic_l2
    slopes, intercept = fit_logistic(np.concatenate(parts), labels, l2=l2)
    how = (*(float(slope) for slope in slopes), float(intercept))
    model.weights = dataclasses.replace(model.weights, of_texts=how)


def _sentences(towers, queries):
    """`(rows, is_known)`: rows of the profiles, or of the items liked last."""
    if towers.has_profiles:
        rows = queries.user_rows
        return rows, towers.state.profile_texts[rows] != ""
    rows = _liked_last(queries)
    return rows, (rows >= 0) & (towers.catalogue.texts[rows] != "")


def _liked_last(queries):
    """`[q]` item row of each history's last positive event, -1 for none."""
    log = queries.interactions
    is_liked = log.labels == 1
    last = np.maximum.accumulate(np.where(is_liked, np.arange(len(log)), -1))
    ends = queries.history_ends
    found = np.where(ends > 0, last[np.maximum(ends, 1) - 1], -1)
    is_own = found >= log.offsets[queries.user_rows]
    return np.where(is_own, log.item_rows[np.maximum(found, 0)], -1)


def _features(hybrid, rows, queries):
    """`[n, 2]`: the interest head's logits and the scores of pairs of texts."""
    interest, _ = hybrid.query(*_unknown_people(hybrid.model, rows))
    items = queries.target_rows
    model = hybrid.model
    vectors = hybrid.new_items(
        tf.constant(model.catalogue.texts[items], tf.string),
        tf.gather(model.texts.items.vectors, items),
        tf.gather(model.categories, items),
    )
    head, _, scores = hybrid.text_features(interest, *vectors)
    return np.column_stack([head, scores])


def _unknown_people(model, rows):
    """Arguments of `HybridScorer.query` for people of whom one text is known."""
    size = len(rows)
    history = HistoryBatch(
        tf.fill([size, 1], -1),
        tf.zeros([size, 1], tf.int32),
        tf.zeros([size, 1]),
        tf.zeros([size, 1], tf.int64),
    )
    now = tf.zeros([size], tf.int64)
    if model.has_profiles:
        return history, now, tf.gather(model.texts.profiles.vectors, rows)
    texts = tf.constant(model.catalogue.texts[rows][:, None], tf.string)
    vectors = tf.gather(model.texts.searches.vectors, rows)[:, None]
    written = WrittenTexts(texts, vectors, tf.ones([size, 1]))
    return history, now, tf.zeros([size, model.texts.dim]), written
