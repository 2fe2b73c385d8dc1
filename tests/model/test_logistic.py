"""Tests of tfrec.linear.logistic."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from tfrec.linear.logistic import fit_logistic


@pytest.mark.parametrize("l2", [0.001, 0.1])
def test_agrees_with_scikit_learn(l2):
    """On more rows than are taken at once, correlated, weighted, one constant."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(5000, 4)) * [3.0, 0.2, 0.1, 0.0] + [1.0, -4.0, 0.0, 7.0]
    features[:, 2] += features[:, 0]
    logits = features @ [0.5, -2.0, 0.1, 0.0] - 8.0
    labels = rng.uniform(size=5000) < 1 / (1 + np.exp(-logits))
    weights = rng.uniform(size=5000)
    slopes, intercept = fit_logistic(features, labels, weights, l2)

    spread = StandardScaler().fit(features)
    oracle = LogisticRegression(C=1 / l2, tol=1e-8)  # a penalty of l2 / 2 * slopes^2
    oracle.fit(spread.transform(features), labels, weights / weights.sum())
    expected = oracle.coef_[0] / spread.scale_
    np.testing.assert_allclose(slopes, expected, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(
        features @ slopes + intercept,
        oracle.decision_function(spread.transform(features)),
        atol=1e-3,
    )


def test_separable_data_keep_finite_slopes():
    slopes, intercept = fit_logistic([[0.0], [1.0]], [0, 1])
    assert np.isfinite([*slopes, intercept]).all()
    assert slopes[0] > 0
