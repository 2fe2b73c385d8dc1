"""What every recommender promises."""

import numpy as np
import pytest

from tests.evaluation.logs import ask_all, make_items, make_log
from tfrec.errors import NotBuiltError
from tfrec.evaluation.evaluate import evaluate

NUM_USERS, NUM_ITEMS, LENGTH = 40, 21, 6
COLD = NUM_ITEMS - 1  # in the catalogue, not in the log


def checkerboard():
    """Even users choose even items in turn, odd users odd ones; one is held out."""
    events, targets = [], []
    for user in range(NUM_USERS):
        own = np.arange(user % 2, COLD, 2)  # 10 items
        own = np.roll(own, -(user // 2))
        events += [(user, item, 100 + time) for time, item in enumerate(own[:LENGTH])]
        targets.append([own[LENGTH]])
    return make_log(events, NUM_ITEMS, NUM_USERS), targets


class RecommenderContract:
    """Subclass, define `make`, get the tests."""

    is_personal = True  # knows even users from odd ones

    def make(self):
        """A recommender that has not been fitted."""
        raise NotImplementedError

    @pytest.fixture
    def log(self):
        return checkerboard()[0]

    @pytest.fixture
    def queries(self):
        return ask_all(*checkerboard())

    @pytest.fixture
    def items(self):
        """Even and odd items share a word and a category each; the cold one is even."""
        kinds = ["comedy", "western"]
        titles = [f"{kinds[i % 2]} {i}" for i in range(NUM_ITEMS)]
        return make_items(titles, [kinds[i % 2] for i in range(NUM_ITEMS)])

    def test_one_finite_float32_score_per_item(self, log, queries, items):
        """The cold item included."""
        scores = self.make().fit(log, items).score(queries)
        assert scores.dtype == np.float32
        assert scores.shape == (NUM_USERS, NUM_ITEMS)
        assert np.isfinite(scores).all()

    def test_finds_what_was_held_out(self, log, queries, items):
        """The held-out item is one of 15 unseen ones, 5 of them of the right kind."""
        if not self.is_personal:
            pytest.skip("does not tell the kinds apart")
        recommender = self.make().fit(log, items)
        result = evaluate(recommender, queries, cutoffs=(5,), bootstrap_samples=2)
        assert result.means["recall@5"] > 0.9

    def test_scores_depend_on_the_own_history_only(self, log, queries, items):
        recommender = self.make().fit(log, items)
        alone = recommender.score(queries.take([7]))
        np.testing.assert_allclose(recommender.score(queries)[7:8], alone, rtol=1e-5)

    def test_empty_history_gets_popular_items(self, items):
        """User 1 has no event; item 3 is the most popular."""
        events = [(0, 1, 1), (0, 3, 2), (2, 3, 1), (3, 3, 1)]
        log = make_log(events, NUM_ITEMS, num_users=4)
        scores = self.make().fit(log, items).score(ask_all(log, [[0]] * 4))
        assert scores[1].argmax() == 3

    def test_negative_events_are_no_interest(self, items):
        """Only item 4 is liked; disliking the odd items changes nothing."""
        liked = [(user, 4, 1) for user in range(3)]
        disliked = [(user, 5, 2, 1, -1) for user in range(3)]
        both = make_log(liked + disliked, NUM_ITEMS, 3)
        recommender = self.make().fit(both, items)
        with_dislikes = recommender.score(ask_all(both, [[0]] * 3))
        without = make_log(liked, NUM_ITEMS, 3)
        recommender = self.make().fit(without, items)
        expected = recommender.score(ask_all(without, [[0]] * 3))
        np.testing.assert_allclose(with_dislikes, expected, rtol=1e-5)

    def test_empty_log(self, items):
        """A first day without events must not fail."""
        log = make_log([], NUM_ITEMS, num_users=1)
        scores = self.make().fit(log, items).score(ask_all(log, [[0]]))
        assert np.isfinite(scores).all()

    def test_score_before_fit(self, queries):
        with pytest.raises(NotBuiltError, match="Call `fit` before `score`"):
            self.make().score(queries)
