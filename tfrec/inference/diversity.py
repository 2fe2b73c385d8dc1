"""Diversity: a ranking whose items are unlike one another, by maximal marginal
relevance."""

import tensorflow as tf

from tfrec.retrieval.filters import NO_ROW, NO_SCORE, pad_to

POOL = 4  # times k: candidates that are chosen from


def diversify(rows, scores, vectors, num_wanted, diversity, k):
    """The order in which each next item is good and unlike those before it.

    The next item has the largest `(1 - diversity) * relevance - diversity * largest
    cosine with an item before it`; relevance is the score, from 0 for the worst of
    the pool to 1 for the best. Equal ones come in the order of the scores.

    Args:
        rows: `[batch, pool]` int32 tensor, best first, -1 is padding.
        scores: `[batch, pool]` float tensor, `-inf` at padding.
        vectors: `[batch, pool, dim]` float tensor.
        num_wanted: `[batch]` int32 tensor: the pool of a query is `POOL` times that,
            whatever others of the batch want.
        diversity: `[batch]` float tensor, cut to `[0, 1]`; 0 keeps the order.
        k: scalar int32 tensor, at most `pool`.

    Returns:
        `(rows, scores)`, both `[batch, k]`.

    Reference:
        Carbonell & Goldstein, The Use of MMR, Diversity-Based Reranking for
        Reordering Documents and Producing Summaries, SIGIR 1998.
    """
    is_in_pool = tf.range(tf.shape(rows)[1])[None] < POOL * num_wanted[:, None]
    is_open = is_in_pool & (rows > NO_ROW)
    weight = tf.clip_by_value(diversity, 0.0, 1.0)[:, None]
    merits = (1 - weight) * _relevance(scores, is_open)
    units = tf.math.l2_normalize(vectors, axis=2)

    def choose(step, is_open, likeness, places):
        values = tf.where(is_open, merits - weight * likeness, NO_SCORE)
        place = tf.argmax(values, axis=1, output_type=tf.int32)
        chosen = tf.gather(units, place, batch_dims=1)
        cosines = tf.matmul(units, chosen[..., None])[..., 0]
        is_chosen = tf.one_hot(place, tf.shape(rows)[1], True, False)
        likeness = tf.where(step == 0, cosines, tf.maximum(likeness, cosines))
        places = tf.where(steps == step, place[:, None], places)
        return step + 1, is_open & ~is_chosen, likeness, places

    steps = tf.range(k)[None]
    places = tf.zeros([tf.shape(rows)[0], k], tf.int32)
    start = (0, is_open, tf.zeros_like(scores), places)
    *_, places = tf.while_loop(lambda step, *_: step < k, choose, start)
    return _take(rows, scores, is_open, places, k)


def _take(rows, scores, is_open, places, k):
    num_open = tf.math.count_nonzero(is_open, axis=1, dtype=tf.int32)
    is_real = tf.range(k)[None] < num_open[:, None]
    rows, scores = (tf.gather(each, places, batch_dims=1) for each in (rows, scores))
    rows, scores = tf.where(is_real, rows, NO_ROW), tf.where(is_real, scores, NO_SCORE)
    return pad_to(rows, scores, k)


def _relevance(scores, is_open):
    highest = tf.reduce_max(tf.where(is_open, scores, NO_SCORE), 1, keepdims=True)
    lowest = tf.reduce_min(tf.where(is_open, scores, -NO_SCORE), 1, keepdims=True)
    scaled = tf.math.divide_no_nan(scores - lowest, highest - lowest)
    return tf.where(is_open, scaled, 0.0)
