"""Tests of tfrec.numeric.logistic."""

import numpy as np
from sklearn.linear_model import LogisticRegression

from tfrec.numeric.logistic import fit_logistic


def test_agrees_with_scikit_learn():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(2000, 2)) * [3.0, 0.2] + [1.0, -4.0]
    logits = features @ [0.5, -2.0] - 8.0
    labels = rng.uniform(size=2000) < 1 / (1 + np.exp(-logits))
    slopes, intercept = fit_logistic(features, labels)
    oracle = LogisticRegression(C=1e6).fit(features, labels)
    np.testing.assert_allclose(slopes, oracle.coef_[0], rtol=0.02)
    np.testing.assert_allclose(intercept, oracle.intercept_[0], rtol=0.02)


def test_separable_data_keep_finite_slopes():
    slopes, intercept = fit_logistic([[0.0], [1.0]], [0, 1])
    assert np.isfinite([*slopes, intercept]).all()
    assert slopes[0] > 0
