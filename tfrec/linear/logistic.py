"""From scores to probabilities that mean something."""

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import minimize
from scipy.special import expit

GRADIENT = 1e-6  # its largest part, where fitting ends
MAX_STEPS = 1000
ROWS_AT_ONCE = 1024  # that are standardised: they stay in a processor's cache
MAX_WHITENED = 20_000  # rows that tell how features go together


def fit_logistic(features, labels, weights=None, l2=1e-3):
    """Logistic regression: `P(label = 1) = sigmoid(features @ slopes + intercept)`.

    L-BFGS would be slow where features are correlated, as text vectors are, so it is
    given coordinates in which they hardly are.

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
    root = cholesky(loss.usual_curvature(), lower=True)

    def value_and_gradient(whitened):
        theta = solve_triangular(root, whitened, lower=True, trans="T")
        value, gradient = loss.value_and_gradient(theta)
        return value, solve_triangular(root, gradient, lower=True)

    found = minimize(
        value_and_gradient,
        np.zeros(len(root)),
        jac=True,
        method="L-BFGS-B",
        options={"gtol": GRADIENT, "ftol": 0.0, "maxiter": MAX_STEPS},
    )
    theta = solve_triangular(root, found.x, lower=True, trans="T")
    slopes = theta[:-1] / loss.scale
    return slopes.astype(np.float32), float(theta[-1] - loss.centre @ slopes)


class _Loss:
    """Mean log loss of `theta`: slopes of standardised features, and intercept."""

    def __init__(self, features, labels, weights, l2):
        self.features, self.labels, self.weights = features, labels, weights
        self.centre, self.scale = 0.0, 1.0
        self.centre = self._mean(lambda inputs: inputs)
        spread = np.sqrt(self._mean(np.square))
        self.scale = np.maximum(spread, 1e-9)
        self.penalties = np.append(np.full(len(spread), l2), 0)

    def _mean(self, function):
        """`[num_features]`: of a function of the features as they are standardised."""
        parts = (function(inputs[:, :-1]).sum(axis=0) for inputs, _, _ in self._parts())
        return sum(parts) / len(self.features)

    def value_and_gradient(self, theta):
        value, gradient = 0.5 * self.penalties @ theta**2, self.penalties * theta
        for inputs, labels, weights in self._parts():
            logits = inputs @ theta
            value += weights @ (np.logaddexp(0, logits) - labels * logits)
            gradient += (weights * (expit(logits) - labels)) @ inputs
        return value, gradient

    def usual_curvature(self):
        """`[num_features + 1, num_features + 1]`: about that of slopes that are 0."""
        step = -(-len(self.features) // MAX_WHITENED)
        gram, count = np.diag(self.penalties), len(self.features[::step])
        for inputs, _, _ in self._parts(step):
            gram += 0.25 / count * inputs.T @ inputs
        return gram

    def _parts(self, step=1):
        """Rows, or each of so many, a few at a time: inputs, labels and weights."""
        columns = [each[::step] for each in (self.features, self.labels, self.weights)]
        for start in range(0, len(columns[0]), ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            features, labels, weights = (column[part] for column in columns)
            standard = (features - self.centre) / self.scale
            inputs = np.column_stack([standard, np.ones(len(standard))])
            yield inputs, labels, weights
