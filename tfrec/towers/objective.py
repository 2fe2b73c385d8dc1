"""What a batch of windows asks of the towers: the losses, put together."""

import tensorflow as tf

from tfrec.towers.losses import candidate_softmax, weighted_mean


def retrieval_loss(batch, outputs, has_id, log_q, temperature):
    """Mean softmax loss of the targets, in nats.

    Args:
        batch: dict as `training_windows` gives it.
        outputs: dict as `TwoTower.call` gives it.
        has_id: `[num_items]` bool tensor, whether an item has events.
        log_q: `[n]` float tensor of the candidates, or None.
        temperature: positive float.

    Returns:
        Scalar.
    """
    at = tf.where(batch["target_weights"] > 0)  # [num_targets, 2]: the others cost much
    losses = candidate_softmax(
        tf.gather_nd(outputs["queries"], at),
        outputs["candidates"],
        tf.gather_nd(outputs["targets"], at),
        masked=tf.gather(masked_candidates(batch, outputs, has_id), at[:, 0]),
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


def interest_loss(batch, outputs):
    """Mean cross-entropy of positives, explicit negatives and sampled items."""
    labels = tf.cast(batch["labels"], tf.float32)
    is_positive = tf.cast(labels > 0, tf.float32)
    observed = tf.nn.sigmoid_cross_entropy_with_logits(
        is_positive, outputs["interest_logits"]
    )
    sampled = tf.nn.softplus(outputs["sampled_logits"])
    return weighted_mean(observed, tf.abs(labels)) + weighted_mean(sampled, is_positive)
