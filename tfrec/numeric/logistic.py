"""From scores to probabilities that mean something."""

import numpy as np
from scipy.optimize import minimize

L2 = 1e-3  # keeps separable data from infinite slopes
ROWS_AT_ONCE = 4096  # that are standardised


def fit_logistic(features, labels, weights=None):
    """Logistic regression: `P(label = 1) = sigmoid(features @ slopes + intercept)`.

    Args:
        features: `[n, num_features]` float array; they are standardised inside.
        labels: `[n]` array of 0 and 1, both present.
        weights: `[n]` float array, or None for equal weights.

    Returns:
        `(slopes [num_features], intercept)`, floats, in the features' own units.

    Reference:
        Platt, Probabilistic Outputs for Support Vector Machines, 1999.
    """
    features = np.asarray(features)
    labels = np.asarray(labels, np.float64)
    weights = np.ones(len(labels)) if weights is None else np.asarray(weights)
    weights = weights / weights.sum()
    centre = features.mean(axis=0, dtype=np.float64)
    scale = np.maximum(features.std(axis=0, dtype=np.float64), 1e-9)
    starts = range(0, len(features), ROWS_AT_ONCE)
    parts = [slice(start, start + ROWS_AT_ONCE) for start in starts]

    def loss(theta):
        penalty = np.append(theta[:-1], 0)
        value, gradient = 0.5 * L2 * penalty @ penalty, L2 * penalty
        for part in parts:
            standard = (features[part] - centre) / scale
            logits = standard @ theta[:-1] + theta[-1]
            value += weights[part] @ (np.logaddexp(0, logits) - labels[part] * logits)
            errors = weights[part] * (_sigmoid(logits) - labels[part])
            gradient += np.append(errors @ standard, errors.sum())
        return value, gradient

    start = np.zeros(features.shape[1] + 1)
    theta = minimize(loss, start, jac=True, method="L-BFGS-B").x
    slopes = theta[:-1] / scale
    return slopes.astype(np.float32), float(theta[-1] - centre @ slopes)


def _sigmoid(x):
    return 0.5 * (1 + np.tanh(0.5 * x))
