"""Tests of tfrec.hybrid.weight_choice."""

from types import SimpleNamespace

import numpy as np
import pytest

from tfrec.hybrid.candidate_pool import CandidatePool
from tfrec.hybrid.weight_choice import blend, weigh_new
from tfrec.hybrid.weights import Weights


@pytest.fixture
def new_pool():
    """200 questions about new items, which the second part knows."""
    rng = np.random.default_rng(0)
    parts = [rng.normal(size=(200, 30)).astype(np.float32) for _ in range(3)]
    places = parts[1][:, :29].argmax(axis=1)
    parts[0][:, 29] = -np.inf  # may not come
    parts[1] = 100 * parts[1] + 7
    is_new = np.ones((200, 30), bool)
    return CandidatePool(parts, is_new, np.arange(201), places, places)


@pytest.mark.parametrize("informs", [False, True])
def test_new_items_are_weighed_apart(new_pool, informs):
    scorers = [SimpleNamespace(informs_probability=each) for each in (False, informs)]
    known = Weights(of_known_items=np.array([1.0, 0.0, 2.0], np.float32))
    found = weigh_new(known, new_pool, scorers, seed=0)
    assert found.of_known_items.tolist() == known.of_known_items.tolist()
    before, after = blend(known, new_pool), blend(found, new_pool)
    assert new_pool.ndcg(after, 10) > 0.9 > 2 * new_pool.ndcg(before, 10)
    may_come = np.isfinite(before)
    np.testing.assert_allclose(
        [after[may_come].mean(), after[may_come].std()],
        [before[may_come].mean(), before[may_come].std()],
        rtol=1e-3,
    )
    assert (found.of_new_items[2] > 0) == informs
