"""What every index shares: the door, the checks, the promises about bad queries."""

import abc

import numpy as np
import tensorflow as tf

from tfrec.errors import DataError, NotBuiltError
from tfrec.retrieval.candidate_ids import CandidateIds
from tfrec.retrieval.exact import exact_best
from tfrec.retrieval.filters import NO_ROW, NO_SCORE, Filters, best, redo
from tfrec.variables import table

DEEPER = 10  # times k: candidates whose bonuses are looked at first


class CandidateIndex(tf.Module, abc.ABC):
    """The best candidates by inner product, under filters.

    A subclass gives `build` and `_search_rows`; both of `search` and `search_rows`
    then work eagerly, in a `tf.function` and after `tf.saved_model.load`. What they
    need is in variables or constants of the index, for it is saved with the model.

    Attributes:
        op_libraries: names of op libraries that a server needs for it, beside those of
            TensorFlow and tensorflow_text.
        packages: names of packages whose versions the manifest tells.
        suffix: what a saved model's name ends with; None for "-" and the index's name.
        embeddings: `[num_candidates, dim]` float32 variable. Where `build` was given a
            variable, that one: a model that keeps its vectors shares them.
        may_miss: whether a search may miss some of the best, as approximate ones do.
    """

    op_libraries: frozenset[str] = frozenset()
    packages: tuple[str, ...] = ()
    suffix: str | None = None
    may_miss: bool = False

    @classmethod
    def from_settings(cls, *, recall, quantize):
        """An index that has not been built, by the settings of an export.

        Args:
            recall: float, recall@10 to reach; for indexes that may miss the best.
            quantize: bool, whether vectors are held rounded; for those that can.
        """
        return cls()

    @abc.abstractmethod
    def build(self, candidate_ids, candidate_embeddings, sample_queries=None):
        """Replaces the content; `_admit` checks it and keeps it.

        Args:
            candidate_ids: `[num_candidates]` strings, unique.
            candidate_embeddings: `[num_candidates, dim]` float array or variable,
                finite.
            sample_queries: `[num_queries, dim]` float array of real queries that no
                one trained on, for indexes that are tuned; or None.

        Returns:
            The index itself.

        Raises:
            DataError: an input is malformed, or the two differ in length.
        """

    def facts(self):
        """What was built, as a dict for the manifest; nothing if that is empty."""
        return {}

    def search(self, query_embeddings, k, exclude_ids=None):
        """Best `k` candidates per query, as people name them.

        Args:
            query_embeddings: `[batch, dim]` float tensor.
            k: int, may exceed the number of candidates.
            exclude_ids: `[batch, num_excluded]` strings; `""` and unknown ids are
                ignored. None excludes nothing.

        Returns:
            `(ids, scores)`, both `[batch, k]`, best first; places without a
            candidate hold `""` and `-inf`.

        Raises:
            NotBuiltError: `build` has not been called.
        """
        self._check_built()
        excluded = None
        if exclude_ids is not None:
            exclude_ids = tf.convert_to_tensor(exclude_ids, tf.string)
            excluded = self.candidate_ids.rows_of(exclude_ids)
        rows, scores = self.search_rows(query_embeddings, k, Filters(excluded))
        return self.candidate_ids.ids_of(rows), scores

    def search_rows(self, query_embeddings, k, filters=None, bonus=None):
        """Best `k` catalogue rows per query that the filters permit.

        They are the best by inner product, and what a bonus adds to it. If `k`
        permitted candidates exist, `k` come. Equal scores come by lower row. A query
        that holds NaN or infinity has no candidates.

        Args:
            query_embeddings: `[batch, dim]` float tensor.
            k: scalar int32 tensor or int, may exceed the number of candidates.
            filters: `Filters`, or None.
            bonus: `Bonus`, or None.

        Returns:
            `(rows, scores)`, int32 and float32, both `[batch, k]`, best first,
            padded with `NO_ROW` and `-inf`.

        Raises:
            NotBuiltError: `build` has not been called.
        """
        self._check_built()
        queries = tf.cast(query_embeddings, tf.float32)
        # ScaNN fails where every query of a batch, or of a lane, is NaN.
        is_finite = tf.reduce_all(tf.math.is_finite(queries), axis=1, keepdims=True)
        queries = tf.where(is_finite, queries, 0.0)
        k = tf.convert_to_tensor(k, tf.int32)
        filters = filters or Filters()
        if bonus is None:
            rows, scores = self._search_rows(queries, k, filters)
        else:
            rows, scores = self._search_raised(queries, k, filters, bonus)
        return tf.where(is_finite, rows, NO_ROW), tf.where(is_finite, scores, NO_SCORE)

    @abc.abstractmethod
    def _search_rows(self, queries, k, filters):
        """`search_rows` for tensors that have been checked."""

    def _search_raised(self, queries, k, filters, bonus):
        """The same with a bonus: of more candidates than `k`, or of all if need be.

        Those that were not found have at most the last inner product and the largest
        bonus. Where that reaches none of the best `k`, these are the best of all.
        """
        depth = tf.where(bonus.is_asked, DEEPER * k, k)
        rows, plain = self._search_rows(queries, depth, filters)
        by_row = tf.argsort(rows, axis=1)  # so that equal scores come by lower row
        rows, plain = (tf.gather(e, by_row, batch_dims=1) for e in (rows, plain))
        found = best(bonus.raised(plain, tf.maximum(rows, 0)), rows, k)
        last = tf.reduce_min(plain, axis=1)
        is_sure = last + bonus.largest < tf.reduce_min(found[1], axis=1)
        is_sure |= last == NO_SCORE  # all that are permitted were found
        is_sure |= ~tf.convert_to_tensor(bonus.is_asked)

        def exact(queries, filters, bonus):
            return exact_best(self.embeddings, queries, k, filters, bonus)

        return redo(~is_sure, exact, found, queries, filters, bonus)

    def _admit(self, candidate_ids, candidate_embeddings):
        """Keeps ids and embeddings; gives the latter as a checked float32 array."""
        embeddings = np.asarray(candidate_embeddings, np.float32)
        num_ids = len(candidate_ids)
        if num_ids != len(embeddings):
            raise DataError(
                "`candidate_ids` and `candidate_embeddings` must be of one length, "
                f"a row for each id. Received: {num_ids} ids and {len(embeddings)} "
                "embeddings."
            )
        if embeddings.ndim != 2:
            raise DataError(
                "`candidate_embeddings` must be [num_candidates, dim]. "
                f"Received: shape {embeddings.shape}."
            )
        bad = np.flatnonzero(~np.isfinite(embeddings).all(axis=1))
        if len(bad):
            raise DataError(
                "`candidate_embeddings` must be finite, because NaN cannot be ranked. "
                f"Received: {len(bad)} bad rows, first {bad[:3].tolist()}."
            )
        self.candidate_ids = CandidateIds(candidate_ids)
        is_shared = isinstance(candidate_embeddings, tf.Variable)
        self.embeddings = candidate_embeddings if is_shared else table(embeddings)
        return embeddings

    def _check_built(self):
        if not hasattr(self, "candidate_ids"):
            raise NotBuiltError("The index is empty. Call `build` before `search`.")
