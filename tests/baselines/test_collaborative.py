"""EASE, item-kNN and transitions against slow oracles."""

import numpy as np
import pytest

from tests.evaluation.logs import ask_all, make_items, make_log
from tfrec.baselines.ease import Ease
from tfrec.baselines.history_recipes import RankDecay, uniform
from tfrec.baselines.item_knn import ItemKnn
from tfrec.baselines.popularity import PersonalFrequency, RecentPopularity
from tfrec.baselines.transitions import Transitions

ITEMS = make_items([f"title {i}" for i in range(8)])


@pytest.fixture
def log():
    """30 users with five random events each over seven of eight items."""
    rng = np.random.default_rng(0)
    events = [(u, i, t) for u in range(30) for t, i in enumerate(rng.integers(0, 7, 5))]
    return make_log(events, num_items=8, num_users=30)


@pytest.fixture
def chosen(log):
    return log.user_item_matrix().toarray().astype(float)


def scores_of(recommender, log):
    return recommender.fit(log, ITEMS).score(ask_all(log, [[0]] * log.num_users))


def ease_oracle(chosen, l2):
    """Ridge regression of each item on all others, one at a time."""
    num_items = chosen.shape[1]
    weights = np.zeros((num_items, num_items))
    for item in range(num_items):
        others = np.delete(np.arange(num_items), item)
        inputs = chosen[:, others]
        gram = inputs.T @ inputs + l2 * np.eye(num_items - 1)
        weights[others, item] = np.linalg.solve(gram, inputs.T @ chosen[:, item])
    return weights


def test_ease_is_ridge_regression_on_the_other_items(log, chosen):
    expected = chosen @ ease_oracle(chosen, 3.0)
    np.testing.assert_allclose(scores_of(Ease(l2=3.0), log), expected, atol=1e-5)


def test_ease_of_a_large_catalogue_keeps_the_popular_items(log, chosen, caplog):
    kept = np.sort(np.argsort(-chosen_events(log), kind="stable")[:4])
    scores = scores_of(Ease(l2=3.0, max_items=4), log)
    expected = np.zeros_like(chosen)
    expected[:, kept] = chosen[:, kept] @ ease_oracle(chosen[:, kept], 3.0)
    is_asked = chosen[:, kept].any(axis=1)
    np.testing.assert_allclose(scores[is_asked], expected[is_asked], atol=1e-5)
    assert "keeps the 4 most popular items; 3 others with events score 0" in caplog.text


def chosen_events(log):
    return np.bincount(log.item_rows, minlength=log.num_items)


def test_item_knn_is_shrunk_cosine(log, chosen, monkeypatch):
    """Made in blocks of three columns."""
    monkeypatch.setattr("tfrec.baselines.item_knn.ITEMS_AT_ONCE", 3)
    together = chosen.T @ chosen
    norms = np.sqrt(np.diag(together))
    similarity = together / (np.outer(norms, norms) + 2.0)
    np.fill_diagonal(similarity, 0.0)
    knn = ItemKnn(neighbours=100, shrink=2.0).reweighted("all", uniform)
    np.testing.assert_allclose(scores_of(knn, log), chosen @ similarity, rtol=1e-4)


def test_item_knn_keeps_the_most_similar(log):
    """Items 0 and 1 share two users; items 0 and 2 share one."""
    events = [(0, 0, 1), (0, 1, 2), (1, 0, 1), (1, 1, 2), (2, 0, 1), (2, 2, 2)]
    log = make_log([*events, (3, 0, 1)], num_items=8, num_users=4)
    scores = scores_of(ItemKnn(neighbours=1, shrink=0.0), log)
    assert scores[3, 1] > 0
    # Item 0 is the only neighbour of item 2, so it keeps that link.
    assert scores[3, 2] == pytest.approx(1 / (np.sqrt(4) * np.sqrt(1)))


def test_transitions_by_hand():
    """One user went 0 -> 1 -> 2; another, who likes 3 least, asks after 0."""
    log = make_log([(0, 0, 1), (0, 1, 2), (0, 2, 3), (1, 0, 1)], 8, 2)
    transitions = Transitions(
        window=2, gap_half_life=1.0, popularity_power=0.0, shrink=0.5, half_life=1.0
    )
    scores = scores_of(transitions, log)
    # From 0: item 1 follows at once (1), item 2 one later (1/2); left 1.5 + 0.5 times.
    np.testing.assert_allclose(scores[1, :4], [0, 1 / 2, 0.5 / 2, 0], rtol=1e-6)


def test_transitions_point_forwards():
    log = make_log([(0, 0, 1), (0, 1, 2), (1, 1, 1)], num_items=8, num_users=2)
    assert (scores_of(Transitions(), log)[1] == 0).all()


def test_recent_popularity_halves_old_events():
    day = 86_400
    log = make_log([(0, 0, 0), (1, 0, 2 * day), (2, 1, 4 * day)], 8, 3)
    scores = scores_of(RecentPopularity(half_life_days=2.0), log)
    np.testing.assert_allclose(scores[0, :3], [1 / 4 + 1 / 2, 1, 0])


def test_personal_frequency_by_hand():
    """Item 1 twice, then item 0; items 2, the popular one, and 3 never."""
    log = make_log([(0, 1, 1), (0, 1, 2), (0, 0, 3), (1, 2, 1), (2, 2, 1)], 4, 3)
    often = PersonalFrequency().fit(log, None)
    lately = often.reweighted("lately", RankDecay(0.1)).fit(log, None)
    scores = often.score(ask_all(log, [[3], [3], [3]]))[0]
    assert np.argsort(-scores).tolist() == [1, 0, 2, 3]
    scores = lately.score(ask_all(log, [[3], [3], [3]]))[0]
    assert np.argsort(-scores).tolist() == [0, 1, 2, 3]


def test_the_same_log_is_learnt_once(log):
    """Blends and recipes share one memory."""
    ease = Ease()
    calls = []
    ease._learn = lambda train, items, learn=ease._learn: (
        calls.append(1), learn(train, items)
    )  # fmt: skip
    ease.fit(log, ITEMS)
    ease.reweighted("x", uniform).fit(log, ITEMS)
    assert len(calls) == 1
    ease.fit(log.select(log.user_rows < 9), ITEMS)
    assert len(calls) == 2
