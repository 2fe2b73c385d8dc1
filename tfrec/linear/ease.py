"""EASE: item-item weights that rebuild each history from its other items."""

import numpy as np
from scipy.linalg import lapack

COLUMNS_AT_ONCE = 512  # bounds memory while the Gram matrix is made


def learn_ease(interactions, columns, ridge):
    """EASE on all that each person ever chose, whatever the order.

    Habits of years say more than what was met last, and each pair of items has been
    seen in as many people as can be.

    Args:
        interactions: `Interactions`.
        columns: `[num_items]` int array, item row -> column, -1 to leave it out.
        ridge: positive float, in units of the mean number of an item's people.

    Returns:
        `(coefficients, moments)`, both `[num_columns, num_columns]` float32: what
        having met each item says for each item, and the second moments of the
        features that this was learnt from.
    """
    chosen = interactions.user_item_matrix()[:, columns >= 0]
    gram = gram_matrix(chosen)
    l2 = ridge * np.diag(gram).mean() or 1.0  # 0 if nobody chose anything
    return ease_weights(gram.copy(), l2), gram


def gram_matrix(user_items):
    """`user_items.T @ user_items`, dense, of a sparse `[num_users, num_items]` matrix.

    Made in blocks of rows, because a sparse product is larger than the dense result.
    """
    num_items = user_items.shape[1]
    gram = np.empty((num_items, num_items), np.float32)
    for start in range(0, num_items, COLUMNS_AT_ONCE):
        block = slice(start, start + COLUMNS_AT_ONCE)
        gram[block] = (user_items[:, block].T @ user_items).toarray()
    return gram


def ease_weights(gram, l2):
    """`I - P / diag(P)` with `P` the inverse of `gram + l2 I`, made in place.

    Args:
        gram: `[num_items, num_items]` float32 array, C order; it is overwritten.
        l2: positive float, ridge on the weights.

    Returns:
        `[num_items, num_items]` float32 array, its diagonal 0.

    Reference:
        Steck, Embarrassingly shallow autoencoders for sparse data, WWW 2019,
        https://doi.org/10.1145/3308558.3313710
    """
    gram[np.diag_indices_from(gram)] += l2
    factor, _ = lapack.spotrf(gram.T, lower=False, overwrite_a=True)
    inverse, _ = lapack.spotri(factor, lower=False, overwrite_c=True)
    inverse = inverse.T  # C order again; the lower triangle holds the inverse
    for row in range(len(inverse)):
        inverse[row, row + 1 :] = inverse[row + 1 :, row]
    weights = np.divide(inverse, -np.diag(inverse), out=inverse)
    np.fill_diagonal(weights, 0.0)
    return weights
