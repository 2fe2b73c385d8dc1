"""TFRS's ScaNN layer with its traps closed; importing this needs ScaNN.

What the original does and this does not: cut `k` to a build-time constant, fill
short results with row 0 and NaN, fail the batch over one empty one, keep a copy
of the index per traced signature, and search on one core (TFRS 0.7.7, scann 1.4.2).
"""

import functools
import uuid
from typing import Any

import numpy as np
import tensorflow as tf

from tfrec.compat import tfrs_scann_layer
from tfrec.retrieval.filters import NO_ROW, NO_SCORE, best, pad_to, rare

ScaNN: Any = tfrs_scann_layer()  # first: it says what to do if ScaNN is absent

from scann.scann_ops.py import scann_ops  # noqa: E402

FROM_CONFIG = -1  # what ScaNN's ops take for "as configured at build"
# Searches of one batch that may run on different cores, and the fewest queries for so
# many. ScaNN is faster in large batches, so that lanes must not be small.
LANES = ((2, 32), (4, 512))
# Further results that are looked at in full where vectors are rounded: one in `WIDER`,
# and `SPARE`. With them, the best ten of 20,000 random unit vectors are all there.
WIDER = 16
SPARE = 4


class ScannState(scann_ops.ScannState):
    """ScaNN's tensors in variables, and the one searcher that is made of them.

    The searcher is found by `shared_name`, so all signatures of a session search
    the same copy. It therefore outlives them: `release` frees it.

    Args:
        tensors: what ScaNN's op gave.
        embeddings: `[num_candidates, dim]` variable of what was indexed; it takes the
            place of ScaNN's own copy, where there is one.
    """

    dataset: Any  # a tensor or a variable

    def __init__(self, tensors, embeddings):
        super().__init__(tensors)
        if self.dataset.shape.rank:
            self.dataset = embeddings
        self._shared_name = f"tfrec-scann/{uuid.uuid4()}"

    @tf.function(input_signature=[])
    def recreate_handle(self):
        """The searcher, made on first use."""
        return self.handle()

    @tf.function(input_signature=[])
    def release(self):
        """Frees the searcher; nothing may search this state afterwards."""
        tf.raw_ops.DestroyResourceOp(resource=self.handle())

    def handle(self):
        """A new tensor that holds the one searcher.

        TensorFlow runs ops on the same handle tensor one after the other; ops on
        two handle tensors run side by side, though both are the one searcher.
        """
        return scann_ops.tensors_to_scann(
            self.dataset,
            self.scann_config,
            self.serialized_partitioner,
            self.datapoint_to_token,
            self.ah_codebook,
            self.hashed_dataset,
            self.int8_dataset,
            self.int8_multipliers,
            self.dp_norms,
            shared_name=self._shared_name,
        )


class TunableScaNN(ScaNN):
    """The TFRS layer, built from `ScannSettings`, tuned anew by every query.

    Args:
        settings: `ScannSettings`; `num_leaves` 0 scores every candidate.
        k: int, the default number of results.
        name: of the layer.
    """

    def __init__(self, settings, k=10, name=None):
        super().__init__(k=k, name=name)
        self._settings = settings
        self._build_searcher = self._build_from_settings

    @property
    def release(self):
        """The function that frees the searcher; see `ScannState`."""
        return self._serialized_searcher.release

    @property
    def size_bytes(self):
        """Bytes of everything that is saved."""
        arrays = [np.asarray(v.numpy()) for v in self._serialized_searcher.variables]
        return sum(
            sum(map(len, array.flat)) if array.dtype == object else array.nbytes
            for array in arrays
        )

    def index(self, candidates, identifiers=None):
        """Builds from `[num_candidates, dim]` candidates, a variable that it keeps."""
        self._embeddings = candidates
        return super().index(candidates, identifiers)

    def call(self, queries, k=None, leaves=FROM_CONFIG, reorder=FROM_CONFIG):
        """Approximately best rows.

        Args:
            queries: `[batch, dim]` float tensor, finite.
            k: scalar int32 tensor, at most the number of candidates.
            leaves: scalar int32 tensor, leaves to search.
            reorder: scalar int32 tensor, candidates scored exactly; at least `k`.

        Returns:
            `(scores, rows)` as in TFRS, both `[batch, k]`, best first, equal
            scores by row, padded with `-inf` and `NO_ROW`.
        """
        k = tf.convert_to_tensor(self._k if k is None else k, tf.int32)
        num_queries = tf.shape(queries)[0]

        def lane(queries):
            if self._settings.quantize:
                return self._search_quantized(queries, k, leaves, reorder)
            return self._search(queries, k, leaves, reorder)

        def in_lanes(num_lanes):
            ends = [num_queries * i // num_lanes for i in range(num_lanes + 1)]
            lanes = [
                lane(queries[start:end])
                for start, end in zip(ends, ends[1:], strict=False)
            ]
            rows, scores = zip(*lanes, strict=True)
            return tf.concat(rows, axis=0), tf.concat(scores, axis=0)

        def nothing():  # an empty batch is an error to ScaNN
            return tf.fill([0, k], NO_ROW), tf.fill([0, k], NO_SCORE)

        several = [rare(functools.partial(in_lanes, number)) for number, _ in LANES]
        kind = tf.math.count_nonzero(
            num_queries >= [1, *(least for _, least in LANES)], dtype=tf.int32
        )
        branches = [nothing, lambda: lane(queries), *several]
        rows, scores = tf.switch_case(kind, branches)
        return scores, rows

    def _search(self, queries, k, leaves, reorder):
        """`call` on one core, `(rows, scores)`."""
        found = scann_ops.scann_search_batched(
            self._serialized_searcher.handle(), queries, k, reorder, leaves, False
        )
        is_real = ~tf.math.is_nan(found.distances)  # short results hold row 0
        rows = tf.where(is_real, found.indices, NO_ROW)
        return pad_to(rows, tf.where(is_real, found.distances, NO_SCORE), k)

    def _search_quantized(self, queries, k, leaves, reorder):
        """A few more by rounded vectors, and of those the best by the full ones."""
        num_candidates = self._embeddings.shape[0]
        wide = tf.minimum(k + k // WIDER + SPARE, num_candidates)
        rows, _ = self._search(queries, wide, leaves, tf.maximum(reorder, wide))
        vectors = tf.gather(self._embeddings, tf.maximum(rows, 0))
        scores = tf.linalg.matvec(vectors, queries)
        return best(tf.where(rows > NO_ROW, scores, NO_SCORE), rows, k)

    def _build_from_settings(self, embeddings):
        settings = self._settings
        builder = scann_ops.builder(embeddings.value(), self._k, "dot_product")
        if not settings.num_leaves:
            searcher = builder.score_brute_force().build()
            return _Searcher(searcher.searcher_handle, embeddings)
        threshold = settings.anisotropic_threshold
        builder = builder.tree(
            num_leaves=settings.num_leaves,
            num_leaves_to_search=settings.num_leaves,
            training_sample_size=settings.training_sample,
        ).score_ah(
            settings.dims_per_block,
            anisotropic_quantization_threshold=threshold or float("nan"),
            training_sample_size=settings.training_sample,
        )
        searcher = builder.reorder(self._k, quantize=settings.quantize).build()
        return _Searcher(searcher.searcher_handle, embeddings)


class _Searcher(scann_ops.ScannSearcher):
    def __init__(self, handle, embeddings):
        super().__init__(handle)
        self.embeddings = embeddings

    def serialize_to_module(self):
        """Our state; the searcher itself, which is made anew from it, is freed."""
        tensors = scann_ops.scann_to_tensors(self.searcher_handle)
        state = ScannState(tensors, self.embeddings)
        tf.raw_ops.DestroyResourceOp(resource=self.searcher_handle)
        return state
