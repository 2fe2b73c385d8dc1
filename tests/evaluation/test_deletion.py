"""Tests of tfrec.evaluation.deletion, on a model whose losses are known by hand."""

import numpy as np
import pytest

from tests.evaluation.logs import ask_all, make_log
from tfrec.evaluation.deletion import (
    Deletions,
    delete_events,
    judge_deletions,
    without,
)

NUM_ITEMS = 40
WORTH = 10.0 ** -np.arange(NUM_ITEMS)  # of an event with item 0, 1, 2, ...


class Additive:
    """The score of any item is what its history's items are worth, plus a liking."""

    name = "additive"
    max_history_length = 3
    is_dislike = np.array([False])

    def shares(self, packed, queries, rows):
        worth = self._worth(packed)[:, None]
        shares = worth / np.maximum(worth.sum(axis=2, keepdims=True), 1e-300)
        return np.repeat(shares, rows.shape[1], axis=1)

    def scores(self, packed, queries, rows):
        return self._worth(packed).sum(axis=1, keepdims=True) + 0.0 * rows

    def score(self, queries):
        """Prefers later items, so that lists hold those that nobody has met."""
        return np.tile(np.arange(NUM_ITEMS, dtype=np.float32), (len(queries), 1))

    def _worth(self, packed):
        rows = packed["item_rows"]
        return np.where(rows >= 0, WORTH[rows], 0.0)


def delete(histories, explainer=None, **how):
    """`Deletions` of one question for each history of item rows, oldest first."""
    events = [
        (user, item, moment)
        for user, history in enumerate(histories)
        for moment, item in enumerate(history)
    ]
    log = make_log(events, NUM_ITEMS, len(histories))
    queries = ask_all(log, [[NUM_ITEMS - 1]] * len(histories))
    explainer = explainer or Additive()
    return delete_events(explainer, explainer, queries, **how)


def test_what_is_lost_is_what_the_events_were_worth():
    lost = delete([[0, 1], [2, 1], [3], []])  # one event leaves nothing to compare
    assert lost.named.tolist() == pytest.approx([1.0, 0.1])
    assert lost.other.tolist() == pytest.approx([0.1, 0.01])
    assert lost.user_rows.tolist() == [0, 1]
    assert lost.num_unnamed == 0


def test_a_deletion_lets_an_event_in_that_was_too_old():
    """Three events count: without item 1 or item 2 item 0 comes back."""
    lost = delete([[0, 1, 2, 2]])
    assert lost.named.tolist() == pytest.approx([0.1 - 1.0])
    assert lost.other.tolist() == pytest.approx([0.01 - 1.0])


def test_the_other_event_is_any_other_one():
    lost = delete([[0, 1, 2]] * 200, seed=3)
    assert set(lost.named.round(3)) == {1.0}
    assert set(lost.other.round(3)) == {0.1, 0.01}
    assert 60 < np.count_nonzero(lost.other > 0.05) < 140


def test_questions_without_a_reason_are_counted():
    class Disliking(Additive):
        is_dislike = np.array([True])

    lost = delete([[0, 1], [1, 2]], Disliking())
    assert (len(lost.named), lost.num_unnamed) == (0, 2)
    assert delete([[0], []]).num_unnamed == 0  # nothing was asked


def test_a_sample_is_asked():
    histories = [[0, 1]] * 30
    assert len(delete(histories, most=7).named) == 7
    one, same = (delete(histories, most=7, seed=1).user_rows for _ in range(2))
    assert one.tolist() == same.tolist()


def test_an_event_is_taken_out_and_the_rest_closes_up():
    packed = {
        "item_rows": np.array([[4, 5, 6], [7, 8, -1]]),
        "values": np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 0.0]]),
    }
    found = without(packed, np.array([1, -1]))
    assert found["item_rows"].tolist() == [[4, 6, -1], [7, 8, -1]]
    assert found["values"].tolist() == [[1.0, 3.0, 0.0], [4.0, 5.0, 0.0]]


def test_the_figures_of_a_report():
    lost = Deletions(np.array([3.0, 1.0]), np.array([1.0, 1.0]), np.array([0, 1]), 5)
    found = judge_deletions(lost, num_samples=200)
    assert (found["num_questions"], found["num_unnamed"]) == (2, 5)
    assert found["named"] == {"mean": 2.0, "interval": [1.0, 3.0]}
    assert found["other"] == {"mean": 1.0, "interval": [1.0, 1.0]}
    assert found["ratio"] == {"mean": 2.0, "interval": [1.0, 3.0]}
    assert found["is_larger"] == {"mean": 0.5, "interval": [0.0, 1.0]}


def test_a_ratio_to_nothing_has_no_bound():
    lost = Deletions(np.array([3.0, 1.0]), np.array([0.0, -1.0]), np.array([0, 1]), 0)
    assert judge_deletions(lost)["ratio"]["mean"] == np.inf
