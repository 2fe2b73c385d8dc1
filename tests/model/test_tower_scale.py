"""Tests of the scale of the towers in tfrec.hybrid.weights."""

import numpy as np
import pytest

from tfrec.hybrid.hybrid_scorer import HybridScorer
from tfrec.hybrid.offline_scores import HybridRecommender, TowerRecommender
from tfrec.hybrid.weights import TowerScale, Weights, rescaled, tower_scale


@pytest.fixture
def scores(learnt):
    hybrid = HybridScorer(learnt, [], Weights(of_known_items=np.ones(1, np.float32)))
    return HybridRecommender(hybrid).score(learnt.sample_queries)


def test_scale_of_all_scores(learnt, scores):
    found = tower_scale(learnt)
    assert found.mean == pytest.approx(scores.mean(), rel=1e-4)
    assert found.spread == pytest.approx(scores.std(), rel=1e-4)


def test_scores_lie_as_those_that_were_weighed(learnt, scores):
    """Towers of mean 3 and spread 5 had the weight 0.5 and the bias 0.25."""
    chosen = Weights(
        of_known_items=np.float32([0.5, 7.0]), bias=0.25, new_item_boost=2.0
    )
    weighting = rescaled(chosen, TowerScale(3.0, 5.0), tower_scale(learnt))
    found = weighting.of_known_items[0] * scores + weighting.bias
    assert found.mean() == pytest.approx(0.5 * 3.0 + 0.25, rel=1e-4)
    assert found.std() == pytest.approx(0.5 * 5.0, rel=1e-4)
    assert (weighting.of_known_items[1], weighting.new_item_boost) == (7.0, 2.0)
    assert chosen.of_known_items.tolist() == [0.5, 7.0]  # left as it was


def test_new_items_of_other_weights_keep_their_place_too(learnt, scores):
    """Known and new are a constant apart before, and by the same one after."""
    scorers, new = np.float32([0.5, 7.0]), np.float32([0.2, 9.0])
    chosen = Weights(of_known_items=scorers, of_new_items=new, bias=0.25, new_level=1.0)
    weighting = rescaled(chosen, TowerScale(3.0, 5.0), tower_scale(learnt))
    found = weighting.of_new_items[0] * scores + weighting.bias + weighting.new_level
    assert found.mean() == pytest.approx(0.2 * 3.0 + 1.25, rel=1e-4)
    assert found.std() == pytest.approx(0.2 * 5.0, rel=1e-4)


def test_towers_that_say_nothing_stay_finite(learnt, monkeypatch):
    nothing = np.zeros((2, 3), np.float32)
    monkeypatch.setattr(TowerRecommender, "score", lambda self, queries: nothing)
    chosen = Weights(of_known_items=np.ones(1, np.float32))
    weighting = rescaled(chosen, TowerScale(3.0, 5.0), tower_scale(learnt))
    assert np.isfinite(weighting.of_known_items).all()
    assert weighting.bias == 3.0  # the mean that the others had
