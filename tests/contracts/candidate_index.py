"""What every candidate index promises, held against a slow oracle."""

import json

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tfrec.errors import DataError, NotBuiltError
from tfrec.retrieval.bonus import Bonus
from tfrec.retrieval.filters import Filters

DIM = 6
often = settings(
    max_examples=40,
    deadline=None,
    # One test serves several subclasses; it keeps no state between them.
    suppress_health_check=[HealthCheck.differing_executors],
)
small_ints = st.integers(-2, 2)  # exact in float32, and full of ties


def oracle(embeddings, query, k, excluded=(), allowed=None):
    """`[(row, score)]`: every permitted candidate in Python, sorted, cut to `k`."""
    permitted = (
        row
        for row in range(len(embeddings))
        if row not in set(excluded) and (allowed is None or allowed(row))
    )
    scored = [(row, float(np.dot(embeddings[row], query))) for row in permitted]
    return sorted(scored, key=lambda pair: (-pair[1], pair[0]))[:k]


def answers(rows, scores):
    """Per query, `[(row, score)]` without padding; padding may only come last."""
    rows, scores = np.asarray(rows), np.asarray(scores)
    is_real = rows >= 0
    assert (np.diff(is_real.astype(int), axis=1) <= 0).all(), "padding before results"
    assert (np.isneginf(scores) == ~is_real).all(), "-inf exactly where padding is"
    return [
        list(zip(r[real].tolist(), s[real].tolist(), strict=True))
        for r, s, real in zip(rows, scores, is_real, strict=True)
    ]


class CandidateIndexContract:
    """Subclass, define `make_index`, get the tests."""

    num_candidates = 60
    min_recall = 1.0  # an approximate index lowers this; the rest stays exact

    @classmethod
    def make_index(cls):
        """An index that has not been built."""
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def embeddings(cls):
        rng = np.random.default_rng(0)
        return rng.normal(size=(cls.num_candidates, DIM)).astype("float32")

    @pytest.fixture(scope="class")
    @classmethod
    def index(cls, embeddings):
        return cls.make_index().build(names(len(embeddings)), embeddings)

    @pytest.fixture(scope="class")
    @classmethod
    def module(cls, index):
        return in_graph(index)

    @pytest.fixture
    def queries(self):
        return np.random.default_rng(1).normal(size=(40, DIM)).astype("float32")

    def check(self, found, embeddings, queries, k, excluded, allowed=None):
        """Every promise but recall for each query; gives the recall."""
        hits, total = 0, 0
        pairs = zip(answers(*found), queries, excluded, strict=True)
        for query, (answer, vector, forbidden) in enumerate(pairs):
            rule = None if allowed is None else lambda row, q=query: allowed(q, row)
            expected = oracle(embeddings, vector, k, forbidden, rule)
            everything = dict(
                oracle(embeddings, vector, len(embeddings), forbidden, rule)
            )
            assert len(answer) == len(expected), "as many as there are"
            rows = [row for row, _ in answer]
            assert len(set(rows)) == len(rows), "no candidate twice"
            assert set(rows) <= set(everything), "nothing excluded, nothing made up"
            assert answer == sorted(answer, key=lambda pair: (-pair[1], pair[0]))
            np.testing.assert_allclose(
                [score for _, score in answer],
                [everything[row] for row in rows],
                rtol=1e-4,
                atol=1e-4,
            )
            hits += len(set(rows) & {row for row, _ in expected})
            total += len(expected)
        return hits / max(total, 1)

    # === Finding ===

    def test_finds_the_best_by_inner_product(self, index, embeddings, queries):
        found = index.search_rows(queries, 10)
        recall = self.check(found, embeddings, queries, 10, [()] * len(queries))
        assert recall >= self.min_recall

    @often
    @given(data=st.data())
    def test_promises_hold_under_any_filter(self, index, embeddings, data):
        """Repeats and padding anywhere among the excluded; any allowed share."""
        queries = np.random.default_rng(2).normal(size=(3, DIM)).astype("float32")
        k = data.draw(st.integers(0, 30), "k")
        width = data.draw(st.integers(0, 12), "width")
        row = st.integers(-1, min(30, self.num_candidates) - 1)
        excluded = data.draw(st.lists(st.lists(row, min_size=width, max_size=width),
                                      min_size=3, max_size=3), "excluded")  # fmt: skip
        modulus = data.draw(st.sampled_from([None, 1, 2, 10, 40]), "1 of n allowed")
        offset = np.array([0, 1, 5], np.int32)  # per query
        filters = Filters(tf.reshape(tf.constant(excluded, tf.int32), [3, width]))
        rule = None
        if modulus is not None:
            filters = Filters(
                filters.excluded_rows,
                lambda rows, offset: (rows + offset[:, None]) % modulus == 0,
                (tf.constant(offset),),
            )

            def rule(query, row):
                return (row + offset[query]) % modulus == 0

        found = index.search_rows(queries, k, filters)
        self.check(found, embeddings, queries, k, excluded, rule)

    @often
    @given(data=st.data())
    def test_tiny_catalogues_are_answered_exactly(self, data):
        """From one candidate on, ties and equal vectors included."""
        size = data.draw(st.integers(1, 7), "size")
        vector = st.lists(small_ints, min_size=2, max_size=2)
        embeddings = np.array(data.draw(st.lists(vector, min_size=size, max_size=size)))
        query = np.array(data.draw(vector, "query"), "float32")
        excluded = data.draw(
            st.lists(st.integers(-1, size - 1), max_size=9), "excluded"
        )
        k = data.draw(st.integers(1, 10), "k")
        index = self.make_index().build(names(size), embeddings)
        filters = Filters(tf.reshape(tf.constant(excluded, tf.int32), [1, -1]))
        rows, scores = index.search_rows(query[None], k, filters)
        assert rows.shape == scores.shape == (1, k)
        assert answers(rows, scores) == [oracle(embeddings, query, k, excluded)]

    def test_equal_vectors_come_by_row(self):
        """TFRS counts ties as hits; here they have one order (tfrs 0.7.7)."""
        index = self.make_index().build(names(5), np.ones((5, DIM)))
        rows, scores = index.search_rows(np.ones((2, DIM)), 3)
        assert rows.numpy().tolist() == [[0, 1, 2]] * 2
        assert scores.numpy().tolist() == [[DIM] * 3] * 2

    # === Filters ===

    def test_the_best_excluded_never_return(self, index, embeddings, queries):
        """TFRS hands excluded ids back when its pool runs dry (tfrs 0.7.7)."""
        order = np.argsort(-queries @ embeddings.T, axis=1).astype("int32")
        excluded = order[:, :50]
        found = index.search_rows(queries, 10, Filters(tf.constant(excluded)))
        recall = self.check(found, embeddings, queries, 10, excluded.tolist())
        assert recall >= self.min_recall - 0.05

    def test_everything_excluded_gives_padding_only(self, index, queries):
        everything = np.tile(np.arange(self.num_candidates, dtype="int32"), (40, 1))
        rows, scores = index.search_rows(queries, 4, Filters(tf.constant(everything)))
        assert (rows.numpy() == -1).all()
        assert np.isneginf(scores).all()

    def test_ten_thousand_wide_exclusions(self, index, embeddings, queries):
        """Mostly padding, and one row that no candidate has."""
        excluded = np.full((40, 10_000), -1, "int32")
        excluded[:, 7_000:7_004] = [3, 1, 3, self.num_candidates + 7]
        found = index.search_rows(queries, 5, Filters(tf.constant(excluded)))
        self.check(found, embeddings, queries, 5, [(3, 1)] * 40)

    def test_nothing_allowed(self, index, queries):
        rows, _ = index.search_rows(queries, 2, Filters(allowed=lambda rows: rows < 0))
        assert (rows.numpy() == -1).all()

    # === Bonuses ===

    @often
    @given(data=st.data())
    def test_a_bonus_counts_as_a_part_of_the_score(self, index, embeddings, data):
        """Small ones, and those that lift the last above the first, or sink it."""
        queries = np.random.default_rng(3).normal(size=(3, DIM)).astype("float32")
        k = data.draw(st.integers(0, 30), "k")
        size = data.draw(st.sampled_from([0.1, 1.0, 30.0]), "size")
        level = st.sampled_from([0.0, 0.0, -1.0, 0.5, 1.0])
        levels = data.draw(
            st.lists(st.lists(level, min_size=5, max_size=5), min_size=3, max_size=3)
        )
        levels = size * np.array(levels, "float32")  # of rows by their last digit
        every = tf.constant(levels)
        bonus = Bonus(
            lambda rows, of: tf.gather(of, _as_many(rows % 5, of), batch_dims=1),
            tf.reduce_max(every, axis=1),
            (every,),
        )
        excluded = [(1, 2), (), (7, 7)]
        filters = Filters(tf.constant([[1, 2], [-1, -1], [7, 7]]))
        rows, scores = index.search_rows(queries, k, filters, bonus)
        found = answers(rows, scores)
        for query, answer in enumerate(found):
            added = levels[query][np.arange(len(embeddings)) % 5]
            truth = embeddings @ queries[query] + added
            truth[list(excluded[query])] = -np.inf
            best = np.sort(truth)[::-1][:k]
            assert len(answer) == np.isfinite(best).sum()
            if self.min_recall == 1:
                scores = [score for _, score in answer]
                np.testing.assert_allclose(scores, best[: len(answer)], atol=1e-4)
            for row, score in answer:
                assert score == pytest.approx(truth[row], abs=1e-4)

    @pytest.mark.parametrize("size", [0.1, 1.0, 30.0])
    def test_finds_the_best_by_score_and_bonus(self, index, embeddings, queries, size):
        """Every seventh candidate is lifted: a little, or above all others."""
        level = size * (np.arange(len(embeddings)) % 7 == 0).astype("float32")
        bonus = Bonus(
            lambda rows, ones: tf.gather(tf.constant(level), rows) * ones[:, None],
            tf.fill([40], tf.constant(size)),
            (tf.ones([40]),),
        )
        rows, _ = index.search_rows(queries, 10, None, bonus)
        expected = np.argsort(-(queries @ embeddings.T + level), axis=1)[:, :10]
        pairs = zip(rows.numpy(), expected, strict=True)
        hits = sum(len(np.intersect1d(*pair)) for pair in pairs)
        assert hits / expected.size >= self.min_recall - 0.05

    def test_bonuses_that_are_equal_come_by_row(self, index):
        """All candidates of the same score but for one in 20."""
        five = tf.fill([2], 5.0)
        bonus = Bonus(
            lambda rows, of: tf.where(rows % 20 == 0, of[:, None], 0.0), five, (five,)
        )
        rows, _ = index.search_rows(np.zeros((2, DIM)), 5, None, bonus)
        expected = sorted(range(self.num_candidates), key=lambda row: row % 20 > 0)
        assert rows.numpy().tolist() == [expected[:5]] * 2

    # === Odd requests ===

    def test_k_above_the_catalogue_pads(self, index, embeddings, queries):
        """TFRS cuts `k` in silence, so the width depends on the data."""
        k = self.num_candidates + 3
        found = index.search_rows(queries, k)
        assert found[0].shape == (40, k)
        self.check(found, embeddings, queries, k, [()] * 40)

    def test_a_query_with_nan_spoils_only_its_own_answer(self, index, queries):
        """`top_k` puts NaN first (tf 2.20)."""
        expected, _ = index.search_rows(queries, 3)
        queries[1, 2], queries[7, 0] = np.nan, np.inf
        rows, scores = index.search_rows(queries, 3)
        assert (rows.numpy()[[1, 7]] == -1).all()
        assert np.isneginf(scores.numpy()[[1, 7]]).all()
        others = np.delete(np.arange(40), [1, 7])
        assert (rows.numpy()[others] == expected.numpy()[others]).all()

    def test_queries_of_nan_only_are_no_error(self, index):
        """ScaNN fails with an internal error where it finds nothing at all."""
        rows, scores = index.search_rows(np.full((1, DIM), np.nan), 3)
        assert rows.numpy().tolist() == [[-1] * 3]
        assert np.isneginf(scores).all()

    def test_k_of_zero_gives_no_columns(self, index, queries):
        """Under a narrow filter too, where the answer is written anew."""
        narrow = Filters(allowed=lambda rows: rows % 40 == 0)
        for filters in [None, narrow]:
            rows, scores = index.search_rows(queries, 0, filters)
            assert rows.shape == scores.shape == (40, 0)

    def test_no_queries_give_no_answers(self, index):
        rows, scores = index.search_rows(np.zeros((0, DIM), "float32"), 3)
        assert rows.shape == scores.shape == (0, 3)

    # === For an export ===

    def test_is_made_and_built_as_an_export_does(self, embeddings, queries):
        kind = type(self.make_index())
        index = kind.from_settings(recall=0.9, quantize=False)
        ids = names(len(embeddings))
        built = index.build(ids, tf.Variable(embeddings), sample_queries=queries)
        assert built is index
        json.dumps(index.facts())
        assert index.search(queries, 3)[0].shape == (40, 3)

    # === In a graph ===

    def test_one_trace_serves_every_batch_width_and_k(self, module, index, queries):
        """TFRS wants the number of exclusions when it traces (tfrs 0.7.7)."""
        for batch, k, width in [(1, 1, 0), (3, 5, 2), (40, 2, 70)]:
            excluded = np.tile(np.arange(width, dtype="int32"), (batch, 1))
            rows, scores = module.search(queries[:batch], k, excluded)
            filters = Filters(tf.constant(excluded))
            expected, _ = index.search_rows(queries[:batch], k, filters)
            assert rows.shape == scores.shape == (batch, k)
            assert (rows == expected).numpy().all()
        assert module.search.experimental_get_tracing_count() == 1

    def test_survives_saving(self, module, queries, tmp_path):
        options = tf.saved_model.SaveOptions(namespace_whitelist=["Scann"])
        tf.saved_model.save(module, str(tmp_path), options=options)
        loaded = tf.saved_model.load(str(tmp_path))
        excluded = tf.constant([[4, -1, 2]] * 40)
        found = loaded.search(queries, 7, excluded)
        expected = module.search(queries, 7, excluded)
        assert (found[0] == expected[0]).numpy().all()
        assert (found[1] == expected[1]).numpy().all()

    # === The door ===

    def test_search_speaks_ids(self):
        """Unknown ids, padding and letters beyond ASCII."""
        index = self.make_index().build(["a", "naïve 日本", "c"], [[1.0], [2.0], [3.0]])
        excluded = np.array([["c", "", "no such item"], ["", "", "naïve 日本"]])
        ids, scores = index.search([[1.0], [1.0]], k=2, exclude_ids=excluded)
        assert ids.numpy()[0].tolist() == ["naïve 日本".encode(), b"a"]
        assert ids.numpy()[1].tolist() == [b"c", b"a"]
        assert scores.numpy().tolist() == [[2.0, 1.0], [3.0, 1.0]]

    def test_search_pads_with_the_empty_id(self):
        index = self.make_index().build(["a", "b", "c"], [[1.0], [2.0], [3.0]])
        ids, scores = index.search([[1.0]], k=2, exclude_ids=np.array([["c", "b"]]))
        assert ids.numpy().tolist() == [[b"a", b""]]
        assert scores.numpy().tolist() == [[1.0, -np.inf]]

    # === Refusals ===

    def test_search_before_build(self):
        with pytest.raises(NotBuiltError, match="Call `build` before `search`"):
            self.make_index().search([[1.0]], k=1)

    @pytest.mark.parametrize(
        ("ids", "embeddings", "words"),
        [
            (["a", "b"], [[1.0]], "2 ids and 1 embeddings"),
            (["a"], [1.0], r"must be \[num_candidates, dim\].*shape \(1,\)"),
            (["a", "b", "a"], [[1.0]] * 3, r"must be unique.*1 repeated.*'a'"),
            (["a", ""], [[1.0]] * 2, r"that is the padding.*1 empty ids.*\[1\]"),
            (["a", "b"], [[1.0], [np.nan]], r"must be finite.*1 bad rows, first \[1\]"),
            ([], np.zeros((0, 2)), "must not be empty"),
        ],
    )
    def test_malformed_catalogues(self, ids, embeddings, words):
        with pytest.raises(DataError, match=words):
            self.make_index().build(ids, embeddings)


def _as_many(rows, of):
    """`[1 or batch, n]` rows for each of the batch."""
    return tf.broadcast_to(rows, [tf.shape(of)[0], tf.shape(rows)[1]])


def names(count):
    """Ids that are not the rows in disguise."""
    return [f"item-{count - row}" for row in range(count)]


def in_graph(index):
    """A module with `search(queries, k, excluded_rows)`, traced once."""

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, DIM], tf.float32),
            tf.TensorSpec([], tf.int32),
            tf.TensorSpec([None, None], tf.int32),
        ]
    )
    def search(queries, k, excluded_rows):
        return index.search_rows(queries, k, Filters(excluded_rows))

    module = tf.Module()
    module.index, module.search = index, search
    return module
