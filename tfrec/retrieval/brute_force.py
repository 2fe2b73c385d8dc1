"""Exact search over all candidates; the oracle and the safety net of the others."""

from tfrec.retrieval.candidate_index import CandidateIndex
from tfrec.retrieval.exact import exact_best


class BruteForceIndex(CandidateIndex):
    """Scores every candidate that a filter leaves, and keeps the best `k`.

    Cost is `O(num_candidates * dim)` per query, and a batch holds its whole
    score matrix in memory.

    Example:
    >>> index = BruteForceIndex().build(["a", "b"], [[1.0], [2.0]])
    >>> ids, scores = index.search([[3.0]], k=1)
    >>> ids.numpy().tolist(), scores.numpy().tolist()
    ([[b'b']], [[6.0]])
    """

    suffix = ""  # any server runs it, by the model's own name

    def build(self, candidate_ids, candidate_embeddings, sample_queries=None):
        self._admit(candidate_ids, candidate_embeddings)
        return self

    def _search_rows(self, queries, k, filters):
        return exact_best(self.embeddings, queries, k, filters)

    def _search_raised(self, queries, k, filters, bonus):
        return exact_best(self.embeddings, queries, k, filters, bonus)
