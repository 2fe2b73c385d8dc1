"""`report.json`, `report.md` and a figure of what fresh interests are worth."""

import dataclasses
import json
import pathlib

from tfrec.evaluation import plots
from tfrec.evaluation.bootstrap import paired_bootstrap
from tfrec.evaluation.late import LIVE
from tfrec.evaluation.markdown import table, with_interval
from tfrec.evaluation.protocol import describe_protocol
from tfrec.files import replacing

METRIC, FIGURE = "ndcg@10", "freshness.png"
HEADER = ["history", "NDCG@10 (95 %)", "share of live", "against live (95 %)", "p"]
WORDS = (
    "All rows have the same questions and differ only in the history. Items seen by "
    "the moment of the question are left out in every row. An interest vector sees no "
    "history after the cut; each event moves it by one step."
)


def write_freshness(folder, evaluations, split, chosen, config):
    """Writes the report; each file is whole or absent.

    Args:
        folder: where to; made when absent.
        evaluations: dict of recommender's name -> dict of what its history is ->
            `Evaluation`, with `LIVE` among them.
        split: the `Split` that was judged.
        chosen: `InterestSettings` of the interest vector's row.
        config: `Config`.

    Returns:
        dict, the content of `report.json`.
    """
    folder = pathlib.Path(folder)
    every = [each for own in evaluations.values() for each in own.values()]
    plots.metric_bars(folder / FIGURE, every, METRIC)
    report = {
        "metric": METRIC,
        "recommenders": {name: _rows(own, config) for name, own in evaluations.items()},
        "interest_settings": dataclasses.asdict(chosen),
        "protocol": describe_protocol(split),
    }
    report["verdict"] = _verdict(report["recommenders"])
    with replacing(folder / "report.json") as aside:
        aside.write_text(
            json.dumps(report, indent=2, allow_nan=False) + "\n", encoding="utf-8"
        )
    with replacing(folder / "interest.json") as aside:
        aside.write_text(
            json.dumps(report["interest_settings"], indent=2) + "\n", encoding="utf-8"
        )
    with replacing(folder / "report.md") as aside:
        aside.write_text(_render(report), encoding="utf-8")
    return report


def _rows(own, config):
    live = own[LIVE]
    rows = {}
    for history, each in own.items():
        found = paired_bootstrap(
            each.per_query[METRIC],
            live.per_query[METRIC],
            each.user_rows,
            config.evaluation.bootstrap_samples,
            config.evaluation.seed,
        )
        rows[history] = {
            "mean": each.means[METRIC],
            "interval": list(each.intervals[METRIC]),
            "share_of_live": each.means[METRIC] / max(live.means[METRIC], 1e-9),
            "against_live": dataclasses.asdict(found),
        }
    return rows


def _verdict(recommenders):
    name, rows = next(iter(recommenders.items()))
    parts = [f"{history} {row['mean']:.4f}" for history, row in rows.items()]
    return f"NDCG@10 of {name} with its history " + ", ".join(parts) + "."


def _render(report):
    parts = ["# What freshness is worth", report["verdict"], WORDS]
    for name, rows in report["recommenders"].items():
        lines = [_line(history, row) for history, row in rows.items()]
        parts += [f"## {name}", table(HEADER, lines)]
    settings = report["interest_settings"].items()
    parts += [f"![NDCG@10]({FIGURE})", "## The interest vector"]
    parts.append("Chosen on events before the cut, and kept in `interest.json`:")
    parts.append("\n".join(f"- {name}: {value:g}" for name, value in settings))
    parts.append("## How it was measured")
    parts.append("\n".join(f"- {k}: {v}" for k, v in report["protocol"].items()))
    return "\n\n".join(parts) + "\n"


def _line(history, row):
    against = row["against_live"]
    low, high = against["interval"]
    line = [history, with_interval(row), f"{row['share_of_live']:.1%}"]
    if history == LIVE:
        return [*line, "", ""]
    difference = f"{against['difference']:+.4f} ({low:+.4f} to {high:+.4f})"
    return [*line, difference, f"{against['p']:.3f}"]
