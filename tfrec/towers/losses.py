"""Losses of the two-tower model: per example, and of a batch of windows."""

import tensorflow as tf

from tfrec.towers.history_encoder import NEGATIVE


def retrieval_loss(batch, outputs, possible, log_q, temperature):
    """Mean softmax loss of the targets, in nats.

    Args:
        batch: dict as `training_windows` gives it.
        outputs: dict as `TwoTower.call` gives it.
        possible: `PossibleItems`.
        log_q: `[n]` float tensor of the candidates, or None.
        temperature: positive float.

    Returns:
        Scalar.
    """
    at = tf.where(batch["target_weights"] > 0)  # [num_targets, 2]: the others cost much
    masked = tf.gather(masked_candidates(batch, outputs, possible.has_id), at[:, 0])
    could_be_had = possible.at(outputs["candidate_rows"][None], _at_targets(batch, at))
    losses = candidate_softmax(
        tf.gather_nd(outputs["queries"], at),
        outputs["candidates"],
        tf.gather_nd(outputs["targets"], at),
        masked=masked | ~could_be_had,
        log_q=log_q,
        temperature=temperature,
    )
    return weighted_mean(losses, tf.gather_nd(batch["target_weights"], at))


def masked_candidates(batch, outputs, has_id):
    """`[batch, n]` bool: a window's positives, and items that nobody has met."""
    places, rows = outputs["targets"], outputs["candidate_rows"]
    users = tf.repeat(tf.range(tf.shape(places)[0]), tf.shape(places)[1])
    indices = tf.stack([users, tf.reshape(places, [-1])], axis=1)
    is_positive = tf.reshape(batch["labels"] > 0, [-1])
    shape = tf.stack([tf.shape(places)[0], tf.size(rows)])
    hits = tf.scatter_nd(indices, tf.cast(is_positive, tf.int32), shape)
    return (hits > 0) | ~tf.gather(has_id, rows)[None, :]


def interest_loss(batch, outputs, possible):
    """Mean cross-entropy of positives, explicit negatives and sampled items.

    Arguments as of `retrieval_loss`; only items that could be had count as sampled.
    """
    labels = tf.cast(batch["interest_labels"], tf.float32)
    is_positive = tf.cast(labels > 0, tf.float32)
    observed = tf.nn.sigmoid_cross_entropy_with_logits(
        is_positive, outputs["interest_logits"]
    )
    sampled = tf.nn.softplus(outputs["sampled_logits"])
    rows = tf.gather(outputs["candidate_rows"], outputs["sampled"])
    could_be_had = possible.at(rows, batch)
    refused = weighted_mean(sampled, is_positive * tf.cast(could_be_had, tf.float32))
    return weighted_mean(observed, tf.abs(labels)) + refused


def _at_targets(batch, at):
    """What `PossibleItems.at` reads of a batch, at `[num_targets, 2]` places in it."""
    names = ("timestamps", "context")
    read = {name: tf.gather_nd(batch[name], at)[:, None] for name in names}
    of_users = [name for name in ("open_from", "own_items") if name in batch]
    return read | {name: tf.gather(batch[name], at[:, 0]) for name in of_users}


def candidate_softmax(
    queries, candidates, targets, *, masked=None, log_q=None, temperature=1.0
):
    """Cross-entropy of each query's own candidate against a set of candidates.

    With the whole catalogue as candidates this is the full softmax; with a
    sample, `log_q` corrects for how likely each candidate was to be in it.

    Args:
        queries: `[n, dim]` float tensor.
        candidates: `[num_candidates, dim]` float tensor.
        targets: `[n]` int32 tensor: each query's own candidate.
        masked: `[n, num_candidates]` bool tensor: candidates that are no negatives
            of the query, such as the user's other positives (accidental hits); the
            own candidate always counts.
        log_q: `[num_candidates]` float tensor, natural log of the probability
            that a candidate is in the set, or None for no correction.
        temperature: positive float; scores are divided by it.

    Returns:
        `[n]` float32 tensor: loss of each pair, in nats.

    Reference:
        Yi et al., Sampling-Bias-Corrected Neural Modeling for Large Corpus Item
        Recommendations, RecSys 2019, https://doi.org/10.1145/3298689.3346996
    """
    logits = tf.matmul(queries, candidates, transpose_b=True)
    logits = tf.cast(logits, tf.float32) / temperature
    if log_q is not None:
        logits -= log_q
    # By another product, not a gather of logits: that one's gradient is as large.
    own = tf.reduce_sum(queries * tf.gather(candidates, targets), axis=-1)
    own = tf.cast(own, tf.float32) / temperature
    if log_q is not None:
        own -= tf.gather(log_q, targets)
    if masked is not None:
        logits = tf.where(masked, NEGATIVE, logits)
        is_masked = tf.gather(masked, targets, batch_dims=1)
        everything = tf.reduce_logsumexp(logits, axis=-1)
        with_own = _log_add_exp(everything, own)
        return tf.where(is_masked, with_own, everything) - own
    return tf.reduce_logsumexp(logits, axis=-1) - own


def inclusion_log_q(popularity, num_draws, num_uniform):
    """Log probability that an item is in a sampled set of candidates.

    The set holds the distinct items of `num_draws` events of the log and of
    `num_uniform` uniform draws from the catalogue. No probability is cut off from
    below: rare items are just the ones that the correction is for.

    Args:
        popularity: `[num_items]` float tensor of event counts.
        num_draws: float, events in a batch.
        num_uniform: float, uniform draws.

    Returns:
        `[num_items]` float32 tensor, at most 0.
    """
    counts = tf.cast(popularity, tf.float32)
    share = counts / tf.maximum(tf.reduce_sum(counts), 1.0)
    uniform = 1.0 / tf.cast(tf.size(counts), tf.float32)
    log_absent = num_draws * tf.math.log1p(-tf.minimum(share, 1 - 1e-6))
    log_absent += num_uniform * tf.math.log1p(-tf.minimum(uniform, 1 - 1e-6))
    return tf.math.log(-tf.math.expm1(log_absent))


def weighted_mean(losses, weights):
    """Mean per example, so that it does not change with the batch size.

    Args:
        losses: float tensor.
        weights: float tensor of the same shape; 0 leaves an example out.

    Returns:
        Scalar; 0 when all weights are 0.
    """
    return tf.reduce_sum(losses * weights) / tf.maximum(tf.reduce_sum(weights), 1e-9)


def _log_add_exp(a, b):
    larger = tf.maximum(a, b)
    return larger + tf.math.log1p(tf.exp(-tf.abs(a - b)))
