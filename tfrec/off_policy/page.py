"""A report on a policy as Markdown that reads well as plain text, too."""

from typing import Any

from tfrec.evaluation.markdown import table

NAMES = {
    "ips": "IPS, weighted rewards",
    "snips": "SNIPS, self-normalised",
    "dr": "DR, doubly robust",
}


def render_off_policy(report: dict[str, Any]) -> str:
    """The whole page.

    Args:
        report: as `off_policy_report` gives it.

    Returns:
        str, Markdown.
    """
    notes = "\n".join(f"- **Note:** {sentence}" for sentence in report["warnings"])
    parts = [
        "# Policy on a log of another",
        notes,
        f"{report['impressions']:,} impressions of {report['people']:,} people, each "
        "anonymous list counted as one. Figures are the share of impressions that are "
        f"chosen. Intervals are 95 %, {report['interval']}, over people.",
        _estimates(report),
        "## How much the log says\n\n" + _diagnostics(report),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _estimates(report):
    rows = [["policy that logged, as counted", *_cells(report["log"])]]
    rows += [
        [f"target policy by {NAMES[name]}", *_cells(found)]
        for name, found in report["estimates"].items()
    ]
    return table(["", "chosen", "95 %"], rows)


def _cells(found):
    if found["value"] is None:
        return ["none", ""]
    ends = found["interval"]
    words = f"{ends[0]:.5f} to {ends[1]:.5f}" if ends else "none"
    return [f"{found['value']:.5f}", words]


def _diagnostics(report):
    weights = report["weights"]
    return table(
        ["", "figure"],
        [
            ["mean of the weights (should be 1)", f"{weights['mean']:.3f}"],
            [
                "effective sample size, impressions",
                f"{weights['effective_sample_size']:,.1f}",
            ],
            ["largest weight", f"{weights['largest']:,.1f}"],
            [
                "share of weight of the largest 1 % of the impressions",
                f"{weights['top_share']:.1%}",
            ],
            [
                "share of the policy that was never shown at its position",
                f"{report['unsupported']:.1%}",
            ],
            [
                "share of the policy that its file holds",
                f"{report['policy_mass']:.1%}",
            ],
        ],
    )
