"""Online update of an interest vector from one reaction, without a history."""

import tensorflow as tf

from tfrec.data.bounds import bounded


def update_interest(interest, candidates, reward, learning_rate, max_norm):
    """One step of logistic regression on the reaction to one item.

    `theta + learning_rate * (reward - sigmoid(theta . phi)) * phi`, where theta is
    the interest and phi the item's vector; the result is scaled back to `max_norm`
    if it is longer, so that no stream of reactions can make it run away. What is no
    number counts as 0, a step that is none changes nothing.

    Args:
        interest: `[batch, dim]` float tensor.
        candidates: `[batch, dim]` float tensor; a zero row leaves its interest.
        reward: `[batch]` float tensor, 1 for interest and 0 for none.
        learning_rate: `[batch]` float tensor.
        max_norm: positive float.

    Returns:
        `[batch, dim]` float tensor.

    Reference:
        Bottou, On-line Learning and Stochastic Approximations, 1998, section 2.
    """
    interest = bounded(interest)
    predicted = tf.sigmoid(tf.reduce_sum(interest * candidates, axis=1))
    step = bounded(learning_rate * (reward - predicted))
    return tf.clip_by_norm(interest + step[:, None] * candidates, max_norm, axes=[1])
