"""Tests of tfrec.linear.sequential_ease against dense, slow arithmetic."""

import numpy as np
import pytest

from tfrec.linear import moments
from tfrec.linear.moments import add_moments, no_moments
from tfrec.linear.sequential_ease import solve, truncate

HALF_LIVES, SCALES = (2.0, 5.0), (1.0, 0.5)
COLUMNS = np.array([0, 1, -1, 2, 3, 4])  # item 2 is left out
FIRST_ONLY = 5  # always a user's first item: it is a target without any history
NUM_COLUMNS = 5


def make_users(num_users=30, seed=0):
    """Lists of distinct items of one user each; item 4 is always the last."""
    rng = np.random.default_rng(seed)
    middle = [rng.permutation([0, 1, 2, 3])[: rng.integers(1, 5)] for _ in range(30)]
    return [[FIRST_ONLY, *items, 4] for items in middle[:num_users]]


def slow_rows(users, max_history=50):
    """`(features, targets, seen)` of all places of all users, one by one."""
    x, y, z = [], [], []
    for items in users:
        for place, target in enumerate(items):
            features, seen = np.zeros((2, NUM_COLUMNS)), np.zeros(NUM_COLUMNS)
            for rank, item in enumerate(items[:place][::-1][:max_history]):
                column = COLUMNS[item]
                if column >= 0:
                    features[0, column] += 1.0 * 0.5 ** (rank / 2)
                    features[1, column] += 0.5 * 0.5 ** (rank / 5)
                    seen[column] = 1
            x.append(features.ravel())
            y.append(np.arange(NUM_COLUMNS) == COLUMNS[target])
            z.append(seen)
    return np.array(x), np.array(y, float), np.array(z)


def slow_ridge(x, y, z, weights, ridge):
    """Each item's regression on the features and, unpenalised, its own "was seen"."""
    columns = []
    for column in range(y.shape[1]):
        inputs = np.c_[x, z[:, column]]
        gram = inputs.T @ (weights[:, None] * inputs)
        gram += ridge * np.diag([*[1.0] * x.shape[1], 0.0])
        right = inputs.T @ (weights * y[:, column])
        columns.append((np.linalg.pinv(gram) @ right)[:-1])
    return np.array(columns).T


def make_repeats():
    """Users who meet the same items again and again."""
    rng = np.random.default_rng(2)
    return [[*rng.integers(0, 6, rng.integers(1, 9))] for _ in range(20)]


def fast_moments(users, weights, chosen=slice(None), sums=None):
    rows = np.concatenate(users)
    owners = np.repeat(np.arange(len(users)), list(map(len, users)))
    places = np.arange(len(rows))[chosen]
    sums = sums or no_moments(2, NUM_COLUMNS)
    log = (COLUMNS[rows], owners, places, places, weights[chosen])
    add_moments(sums, *log, HALF_LIVES, SCALES)
    return sums


@pytest.fixture
def weights():
    size = sum(map(len, make_users()))
    return np.random.default_rng(1).uniform(0.5, 2.0, size)


@pytest.mark.parametrize("users", [make_users(), make_repeats()])
@pytest.mark.parametrize("max_history", [50, 2])
@pytest.mark.parametrize("at_once", [4096, 7])
def test_moments(monkeypatch, users, max_history, at_once):
    monkeypatch.setattr(moments, "MAX_HISTORY", max_history)
    monkeypatch.setattr(moments, "EVENTS_AT_ONCE", at_once)
    weights = np.random.default_rng(1).uniform(0.5, 2.0, sum(map(len, users)))
    sums = fast_moments(users, weights)
    x, y, z = slow_rows(users, max_history)
    weighted = weights[:, None] * x
    np.testing.assert_allclose(sums.xx, weighted.T @ x, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(sums.xy, weighted.T @ y, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(sums.xz, weighted.T @ z, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(sums.z, weights @ z, rtol=1e-5)


def test_chosen_positions_only(weights):
    """The second half of the log, say: histories still begin where users do."""
    chosen = np.arange(len(weights) // 2, len(weights))
    found = fast_moments(make_users(), weights, chosen)
    x, y, _ = (part[chosen] for part in slow_rows(make_users()))
    expected = (weights[chosen][:, None] * x).T @ y
    np.testing.assert_allclose(found.xy, expected, rtol=1e-4, atol=1e-5)


def test_solution_is_a_ridge_with_was_seen_as_a_free_covariate(weights):
    users = make_users()
    found = solve(fast_moments(users, weights), ridge=3.0)
    expected = slow_ridge(*slow_rows(users), weights, ridge=3.0)
    assert np.abs(expected).max() > 0.05
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_an_item_that_was_seen_speaks_for_itself_no_less():
    """Without the covariate an item would speak against its own return."""
    users = [[0, 1], [0, 3], [1, 0], [3, 0]] * 5
    sums = fast_moments(users, np.ones(40))
    no_indicator = np.linalg.solve(sums.xx + 0.1 * np.eye(10), sums.xy)
    assert no_indicator[0, 0] <= 0
    assert solve(sums, ridge=0.1)[0, 0] > -1e-6


def test_sums_of_moments_are_those_of_a_log_with_copies(weights):
    users = make_users()
    both = fast_moments(users, 2.0 * weights, sums=fast_moments(users, weights))
    thrice = fast_moments([*users] * 3, np.tile(weights, 3))
    for name in ("xx", "xy", "xz", "z"):
        np.testing.assert_allclose(
            getattr(both, name), getattr(thrice, name), rtol=1e-4
        )


# === Truncation ===


@pytest.fixture
def regression():
    """`(coefficients, xx, column_weights)`, all arbitrary."""
    rng = np.random.default_rng(2)
    root = rng.normal(size=(12, 8))
    return rng.normal(size=(8, 6)), root.T @ root, rng.uniform(0.5, 2.0, 6)


def test_full_rank_is_exact(regression):
    queries, candidates = truncate(*regression, rank=100)
    assert queries.shape == (8, 6)
    np.testing.assert_allclose(queries @ candidates.T, regression[0], atol=1e-5)


@pytest.mark.parametrize("rank", [1, 3, 5])
def test_lower_ranks_lose_the_smallest_singular_values(regression, rank):
    """Eckart and Young, where lengths are measured as `xx` and the weights say."""
    coefficients, xx, column_weights = regression
    queries, candidates = truncate(*regression, rank)
    assert candidates.shape == (6, rank)
    whiten = np.linalg.cholesky(xx).T
    error = whiten @ (queries @ candidates.T - coefficients) * column_weights
    values = np.linalg.svd(whiten @ coefficients * column_weights, compute_uv=False)
    np.testing.assert_allclose(np.linalg.norm(error) ** 2, (values[rank:] ** 2).sum())
