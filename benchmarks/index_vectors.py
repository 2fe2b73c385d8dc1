"""Vectors for the benchmarks of the index: made up, or real ones of texts."""

import numpy as np

NUM_SAMPLES = 2048  # queries that an index may be tuned on
NUM_QUERIES = NUM_SAMPLES + 2048  # others measure it


def make_vectors(rng, num_candidates, dim, is_skewed=False):
    """Candidates and queries of one distribution with a decaying spectrum.

    Args:
        rng: `np.random.Generator`.
        num_candidates: int.
        dim: int.
        is_skewed: whether the candidates' norms differ; else all are of unit norm.

    Returns:
        `(vectors, queries)`, float32, `[num_candidates, dim]` and
        `[NUM_QUERIES, dim]`.
    """
    scale = np.arange(1, dim + 1) ** -0.5
    both = rng.normal(size=(num_candidates + NUM_QUERIES, dim)) * scale
    both /= np.linalg.norm(both, axis=1, keepdims=True)
    vectors, queries = both[:-NUM_QUERIES], both[-NUM_QUERIES:]
    if is_skewed:
        vectors = vectors * rng.lognormal(sigma=0.3, size=(num_candidates, 1))
    return vectors.astype("float32"), queries.astype("float32")


def read_vectors(rng, path):
    """The vectors of a catalogue's text cache; some of them are the queries."""
    vectors = rng.permutation(np.load(path)["vectors"].astype("float32"))
    return vectors[:-NUM_QUERIES], vectors[-NUM_QUERIES:]


def names(vectors):
    """An id for each."""
    return [f"item-{row}" for row in range(len(vectors))]
