"""From scores to probabilities that mean something."""

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

GRADIENT = 1e-6  # its length, where fitting ends
ROWS_AT_ONCE = 4096  # that are standardised


def fit_logistic(features, labels, weights=None, l2=1e-3):
    """Logistic regression: `P(label = 1) = sigmoid(features @ slopes + intercept)`.

    Second order: L-BFGS is slow where features are correlated, as text vectors are.

    Args:
        features: `[n, num_features]` float array; they are standardised inside.
        labels: `[n]` array of 0 and 1, both present.
        weights: `[n]` float array, or None for equal weights.
        l2: positive float, penalty on the squares of slopes of standardised features;
            it keeps separable data from infinite slopes.

    Returns:
        `(slopes [num_features], intercept)`, floats, in the features' own units.

    Reference:
        Platt, Probabilistic Outputs for Support Vector Machines, 1999.
    """
    labels = np.asarray(labels, np.float64)
    weights = np.ones(len(labels)) if weights is None else np.asarray(weights)
    loss = _Loss(np.asarray(features), labels, weights / weights.sum(), l2)
    theta = minimize(
        loss.value_and_gradient,
        np.zeros(len(loss.penalties)),
        jac=True,
        hess=loss.curvature,
        method="trust-exact",
        options={"gtol": GRADIENT},
    ).x
    slopes = theta[:-1] / loss.scale
    return slopes.astype(np.float32), float(theta[-1] - loss.centre @ slopes)


class _Loss:
    """Mean log loss of `theta`: slopes of standardised features, and intercept."""

    def __init__(self, features, labels, weights, l2):
        self.features, self.labels, self.weights = features, labels, weights
        self.centre = features.mean(axis=0, dtype=np.float64)
        self.scale = np.maximum(features.std(axis=0, dtype=np.float64), 1e-9)
        self.penalties = np.append(np.full(len(self.scale), l2), 0)

    def value_and_gradient(self, theta):
        value, gradient = 0.5 * self.penalties @ theta**2, self.penalties * theta
        for inputs, labels, weights in self._parts():
            logits = inputs @ theta
            value += weights @ (np.logaddexp(0, logits) - labels * logits)
            gradient += (weights * (expit(logits) - labels)) @ inputs
        return value, gradient

    def curvature(self, theta):
        hessian = np.diag(self.penalties)
        for inputs, _, weights in self._parts():
            chance = expit(inputs @ theta)
            rows = np.sqrt(weights * chance * (1 - chance))[:, None] * inputs
            hessian += rows.T @ rows
        return hessian

    def _parts(self):
        for start in range(0, len(self.features), ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            standard = (self.features[part] - self.centre) / self.scale
            inputs = np.column_stack([standard, np.ones(len(standard))])
            yield inputs, self.labels[part], self.weights[part]
