"""Tests of tfrec.linear.als."""

import numpy as np

from tfrec.linear.als import factorise, solve_each


def test_least_squares_of_each_group():
    rng = np.random.default_rng(2)
    others, values = rng.normal(size=(9, 3)), rng.normal(size=9)
    groups = np.array([0, 0, 0, 1, 1, 3, 3, 3, 3])
    found = solve_each(others, values, groups, 4, ridge=0.7)
    for group in range(4):
        own = groups == group
        x = np.c_[others[own, :2], np.ones(own.sum())]
        y = values[own] - others[own, 2]
        expected = np.linalg.solve(x.T @ x + 0.7 * np.eye(3), x.T @ y)
        np.testing.assert_allclose(found[group], expected, atol=1e-12)


def test_finds_what_was_planted():
    rng = np.random.default_rng(0)
    left, right = rng.normal(size=(30, 3)), rng.normal(size=(20, 3))
    whole = left[:, :2] @ right[:, :2].T + left[:, 2:] + right[:, 2]
    rows, columns = np.nonzero(rng.random(whole.shape) < 0.7)
    found = factorise(rows, columns, whole[rows, columns], whole.shape, 2, 1e-3, 50)
    product = found[0][:, :2] @ found[1][:, :2].T + found[0][:, 2:] + found[1][:, 2]
    assert np.abs(product - whole).mean() < 0.1 * np.abs(whole).mean()
