"""From scores to probabilities that mean something."""

import numpy as np
from scipy.optimize import minimize

L2 = 1e-3  # keeps separable data from infinite slopes


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
    features = np.asarray(features, np.float64)
    labels = np.asarray(labels, np.float64)
    weights = np.ones(len(labels)) if weights is None else np.asarray(weights)
    weights = weights / weights.sum()
    centre, scale = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-9)
    standard = np.c_[(features - centre) / scale, np.ones(len(features))]

    def loss(theta):
        logits = standard @ theta
        value = weights @ (np.logaddexp(0, logits) - labels * logits)
        gradient = standard.T @ (weights * (_sigmoid(logits) - labels))
        penalty = np.append(theta[:-1], 0)
        return value + 0.5 * L2 * penalty @ penalty, gradient + L2 * penalty

    start = np.zeros(standard.shape[1])
    theta = minimize(loss, start, jac=True, method="L-BFGS-B").x
    slopes = theta[:-1] / scale
    return slopes.astype(np.float32), float(theta[-1] - centre @ slopes)


def _sigmoid(x):
    return 0.5 * (1 + np.tanh(0.5 * x))
