"""Whether a log can say anything about a policy."""

import numpy as np
import pandas as pd

TOP = 0.01  # share of the rows whose weights are added up


def weight_diagnostics(weights) -> dict[str, float]:
    """How evenly the rows of a log count.

    Args:
        weights: `[n]` float array, as `importance_weights` gives them.

    Returns:
        Dict of `mean` (should be 1 without a clip), `effective_sample_size` (rows of
        equal weight that would be as good), `largest`, and `top_share` (share of all
        weight that the largest 1 % of the rows have).

    Reference:
        Kish, Survey Sampling, 1965, for the effective sample size.
    """
    weights = np.sort(np.asarray(weights, float))[::-1]
    total = weights.sum()
    top = max(1, round(TOP * len(weights)))
    return {
        "mean": float(weights.mean()),
        "effective_sample_size": float(total**2 / (weights**2).sum()) if total else 0.0,
        "largest": float(weights[0]),
        "top_share": float(weights[:top].sum() / total) if total else 0.0,
    }


def unsupported_share(shown: pd.DataFrame, policy: pd.DataFrame) -> float:
    """Share of a policy's actions that the log never showed, in any list.

    Rewards of such actions are unknown; no weight can make up for them.

    Args:
        shown: frame with `item_id` and `position`, the log.
        policy: frame with `item_id`, `position` and `probability`, the target.
    """
    cells = ["item_id", "position"]
    known = pd.MultiIndex.from_frame(shown[cells].drop_duplicates())
    is_known = pd.MultiIndex.from_frame(policy[cells]).isin(known)
    total = policy["probability"].sum()
    return float(policy["probability"][~is_known].sum() / total) if total else 0.0
