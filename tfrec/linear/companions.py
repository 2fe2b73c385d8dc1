"""Which items the same people choose, whatever the order."""

import numpy as np

from tfrec.linear.ease import ease_weights, gram_matrix

RIDGE = 5.0  # times the mean number of an item's people


def learn_companions(interactions, columns):
    """EASE on all that each person ever chose.

    Habits of years say more than what was met last, and each pair of items has been
    seen in as many people as can be.

    Args:
        interactions: `Interactions`.
        columns: `[num_items]` int array, item row -> column, -1 to leave it out.

    Returns:
        `(coefficients, moments)`, both `[num_columns, num_columns]` float32: what
        having met each item says for each item, and the second moments of the
        features that this was learnt from.
    """
    chosen = interactions.user_item_matrix()[:, columns >= 0]
    gram = gram_matrix(chosen)
    ridge = RIDGE * np.diag(gram).mean() or 1.0  # 0 if nobody chose anything
    return ease_weights(gram.copy(), ridge), gram
