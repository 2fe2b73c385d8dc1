"""Matrix factorisation with biases, by alternating least squares.

A side is `[n, dim + 1]`: factors, then the bias. A value is explained by

    bias of the user + bias of the item + factors of the user . factors of the item
"""

import numpy as np
from scipy import sparse


def factorise(rows, columns, values, shape, dim, ridge, rounds=8, seed=0):
    """Both sides of a matrix of which some values are known.

    Args:
        rows: `[n]` int array.
        columns: `[n]` int array.
        values: `[n]` float array, their mean about 0.
        shape: `(num_rows, num_columns)`.
        dim: int, factors.
        ridge: positive float, on factors and biases.
        rounds: int, of alternation.
        seed: int.

    Returns:
        `(rows' side, columns' side)`, float arrays.

    Reference:
        Zhou et al., Large-scale Parallel Collaborative Filtering for the Netflix
        Prize, AAIM 2008, https://doi.org/10.1007/978-3-540-68880-8_32
    """
    rng = np.random.default_rng(seed)
    right = rng.normal(0, 0.1, (shape[1], dim + 1))
    for _ in range(rounds):
        left = solve_each(right[columns], values, rows, shape[0], ridge)
        right = solve_each(left[rows], values, columns, shape[1], ridge)
    return left, right


def solve_each(others, values, groups, num_groups, ridge):
    """One side, given the other.

    Args:
        others: `[n, dim + 1]` float array, the other side of each value.
        values: `[n]` float array.
        groups: `[n]` int array, whom of this side each value belongs to.
        num_groups: int.
        ridge: positive float.

    Returns:
        `[num_groups, dim + 1]` float array, zeros for groups without a value.
    """
    features = np.c_[others[:, :-1], np.ones(len(others))]
    left = values - others[:, -1]
    size = features.shape[1]
    members = sparse.csr_matrix(
        (np.ones(len(groups)), (groups, np.arange(len(groups)))),
        (num_groups, len(groups)),
    )
    products = features[:, :, None] * features[:, None, :]
    grams = (members @ products.reshape(-1, size**2)).reshape(-1, size, size)
    grams += ridge * np.eye(size)
    sums = members @ (features * left[:, None])
    return np.linalg.solve(grams, sums[..., None])[..., 0]
