"""What every scorer of the embedding promises."""

import numpy as np
import pytest
import tensorflow as tf

from tests.evaluation.logs import make_items, make_log
from tfrec.data.history import HistoryBatch
from tfrec.towers.catalogue import make_catalogue

NUM_ITEMS, TEXT_DIM = 9, 5
COLD = NUM_ITEMS - 1  # in the catalogue, not in the log
TITLES = ["red tea", "red wine", "old wine", "", "tea pot", "pot", "茶", "café", "red"]


def make_learning_material(titles=TITLES):
    """`(interactions, catalogue, text_vectors)` of seven users who go round."""
    events = [
        (user, (user + step) % COLD, 1000 * step + user)
        for user in range(7)
        for step in range(5)
    ]
    log = make_log(events, NUM_ITEMS, num_users=7)
    vectors = np.random.default_rng(0).normal(size=(NUM_ITEMS, TEXT_DIM))
    vectors[np.array(titles) == ""] = 0.0
    catalogue = make_catalogue(make_items(titles), log)
    return log, catalogue, tf.constant(vectors, tf.float32)


def make_history(rows):
    """`HistoryBatch` of lists of item rows, -1 for padding, an event each minute."""
    rows = tf.constant(rows, tf.int32)
    times = tf.cast(60 * tf.range(tf.shape(rows)[1])[None], tf.int64) + 9000
    times = tf.where(rows >= 0, times, 0)
    return HistoryBatch(rows, tf.zeros_like(rows), tf.zeros(rows.shape), times)


class ScorerContract:
    """Subclass, define `make_scorer`, get the tests."""

    has_memory = True  # its query is a sum over the history

    @classmethod
    def make_scorer(cls):
        """A scorer that has not been fitted."""
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def material(cls):
        return make_learning_material()

    @pytest.fixture(scope="class")
    @classmethod
    def scorer(cls, material):
        return cls.make_scorer().fit(*material)

    @staticmethod
    def query(scorer, rows):
        return scorer.query(make_history(rows), tf.fill([len(rows)], tf.int64.max))

    def test_one_event_weighs_as_itself(self, scorer):
        assert scorer.history_weight(1) == pytest.approx(1)
        assert scorer.history_weight(9) >= 1

    def test_fit_gives_the_scorer_and_a_candidate_per_item(self, material):
        scorer = self.make_scorer()
        assert scorer.fit(*material) is scorer
        assert scorer.candidates.shape == (NUM_ITEMS, scorer.dim)
        assert scorer.candidates.dtype == tf.float32
        assert np.isfinite(scorer.candidates).all()
        assert np.abs(scorer.candidates).max() > 0

    def test_equal_logs_give_equal_scorers(self, scorer, material):
        again = self.make_scorer().fit(*material)
        np.testing.assert_array_equal(again.candidates, scorer.candidates)

    def test_one_query_vector_per_history(self, scorer):
        """Empty histories included."""
        found = self.query(scorer, [[0, 1], [3, -1], [-1, -1]])
        assert found.shape == (3, scorer.dim)
        assert found.dtype == tf.float32
        assert np.isfinite(found).all()

    def test_neither_padding_nor_neighbours_matter(self, scorer):
        alone = self.query(scorer, [[4, 0, 6]])
        wide = self.query(scorer, [[4, 0, 6, -1, -1], [1, 2, 3, 4, 5]])
        np.testing.assert_allclose(wide[:1], alone, atol=1e-6)

    def test_shares_add_up_to_the_score_above_the_mean_item(self, scorer):
        histories = [[4, 0, 6, 7], [1, 2, -1, -1], [-1, -1, -1, -1]]
        candidates = [[0, 5, COLD], [7, 2, 2], [1, 3, 6]]
        apart = scorer.candidates - tf.reduce_mean(scorer.candidates, axis=0)
        vectors = tf.gather(apart, candidates)
        now = tf.zeros([3], tf.int64)
        shares = scorer.contributions(make_history(histories), now, vectors).numpy()
        assert shares.shape == (3, 3, 4)
        assert (shares[1, :, 2:] == 0).all()
        expected = np.zeros((3, 3))
        if self.has_memory:
            queries = self.query(scorer, histories).numpy()
            expected = np.einsum("bd,bnd->bn", queries, vectors)
            assert np.abs(expected[:2]).max() > 1e-3
        np.testing.assert_allclose(shares.sum(axis=2), expected, atol=1e-5)

    def test_a_new_item_is_as_a_cold_one_with_the_same_text(self, scorer, material):
        _, catalogue, vectors = material
        new = scorer.new_candidates(
            tf.constant([catalogue.texts[COLD]]), vectors[COLD:][:1]
        )
        np.testing.assert_allclose(new[0], scorer.candidates[COLD], atol=1e-5)
        none = scorer.new_candidates(tf.zeros([0], tf.string), vectors[:0])
        assert none.shape == (0, scorer.dim)

    def test_no_free_text_adds_nothing(self, scorer):
        found = scorer.text_query(tf.constant(["", "red tea"]))
        assert found.shape == (2, scorer.dim)
        assert (found[0].numpy() == 0).all()

    def test_catalogue_without_texts(self, material):
        log, catalogue, vectors = make_learning_material([""] * NUM_ITEMS)
        scorer = self.make_scorer().fit(log, catalogue, vectors)
        assert np.isfinite(scorer.candidates).all()
        assert np.isfinite(self.query(scorer, [[0, 1]])).all()

    def test_one_item_and_nobody_with_a_history(self):
        """Each user has one event: nothing comes before anything."""
        log = make_log([(0, 0, 1), (1, 0, 5)], num_items=1, num_users=2)
        catalogue = make_catalogue(make_items(["red tea"]), log)
        scorer = self.make_scorer().fit(log, catalogue, tf.ones([1, TEXT_DIM]))
        assert scorer.candidates.shape == (1, scorer.dim)
        assert np.isfinite(self.query(scorer, [[0]])).all()

    def test_saved_graph_answers_alike(self, scorer, tmp_path):
        """Any batch, any length."""
        spec = tf.TensorSpec([None, None], tf.int32)
        module = tf.Module()
        module.scorer = scorer
        module.query = tf.function(
            lambda rows: scorer.query(
                HistoryBatch(
                    rows, rows, tf.zeros(tf.shape(rows)), tf.cast(rows, tf.int64)
                ),
                tf.zeros([tf.shape(rows)[0]], tf.int64),
            ),
            input_signature=[spec],
        )
        tf.saved_model.save(module, str(tmp_path))
        loaded = tf.saved_model.load(str(tmp_path))
        for rows in ([[1, 2, 3], [4, -1, -1]], [[5]]):
            found = loaded.query(tf.constant(rows))
            np.testing.assert_allclose(found, self.query(scorer, rows), atol=1e-6)
