"""`report.json`, `report.md` and figures of an evaluation."""

import json
import math
import pathlib

from tfrec.evaluation import plots
from tfrec.evaluation.bootstrap import paired_bootstrap
from tfrec.evaluation.card.costs import costs
from tfrec.evaluation.card.findings import findings
from tfrec.evaluation.card.page import render_page
from tfrec.evaluation.deletion import judge_deletions
from tfrec.evaluation.interest import judge_interest
from tfrec.evaluation.markdown import render
from tfrec.files import replacing


def make_report(
    evaluations,
    *,
    title,
    protocol,
    metric="ndcg@10",
    interest=None,
    deletions=None,
    card=None,
    history=(),
    details=None,
    bootstrap_samples=1000,
    seed=0,
):
    """The content of a report, of plain JSON values.

    Args:
        evaluations: list of `Evaluation`s on the same queries, our model first.
        title: str, what the report is about.
        protocol: dict of names to words and counts, see `describe_protocol`.
        metric: name that sorts the baselines and is compared.
        interest: `Interest`, or None.
        deletions: `Deletions`, or None.
        card: dict as `CardMaker.make` gives it, or None.
        history: list of dicts with `loss` and `metric`, one per epoch, or empty.
        details: dict of further facts (configuration, timings), kept as they are.
        bootstrap_samples: of the paired comparisons.
        seed: of the paired comparisons.

    Returns:
        dict.
    """
    ours, *baselines = evaluations
    baselines = sorted(baselines, key=lambda each: -each.means[metric])
    report = {
        "title": title,
        "protocol": dict(protocol),
        "metric": metric,
        "models": [
            summarise(ours),
            *(
                summarise(each)
                | {"against": _compare(ours, each, metric, bootstrap_samples, seed)}
                for each in baselines
            ),
        ],
        "details": details or {},
    }
    if interest is not None:
        report["interest"] = judge_interest(interest, bootstrap_samples, seed)
    if deletions is not None and len(deletions.named):
        report["reasons"] = judge_deletions(deletions, bootstrap_samples, seed)
    if card is not None:
        report["card"] = card
    if history:
        report["history"] = list(history)
    return completed(_finite(report))


def completed(report):
    """The report with its costs and with findings, which follow from all the rest."""
    taken = costs(report)
    report = report | ({"costs": taken} if taken else {})
    return report | {"findings": findings(report)}


def write_report(folder, evaluations, **facts):
    """Writes `report.json`, `.md` and `.html`, and figures; each is whole or absent.

    Args:
        folder: where to; made when absent.
        evaluations: list of `Evaluation`s on the same queries, our model first.
        **facts: further arguments of `make_report`.

    Returns:
        dict, the content of `report.json`.
    """
    folder, report = pathlib.Path(folder), make_report(evaluations, **facts)
    report["figures"] = write_figures(folder, report, evaluations)
    write_pages(folder, report)
    return report


def write_pages(folder, report):
    """Writes the content of a report as JSON, as Markdown and as a page of HTML.

    Args:
        folder: path.
        report: dict, whose costs and findings are brought up to date, in place.
    """
    report.update(completed(report))
    texts = {
        "report.json": json.dumps(report, indent=2, allow_nan=False) + "\n",
        "report.md": render(report),
        "report.html": render_page(report),
    }
    for name, text in texts.items():
        with replacing(pathlib.Path(folder) / name) as aside:
            aside.write_text(text, encoding="utf-8")


def write_figures(folder, report, evaluations):
    """Draws a report's figures into a folder.

    Args:
        folder: `pathlib.Path`.
        report: dict as `make_report` gives it.
        evaluations: as `make_report` takes them.

    Returns:
        Dict of what a figure shows to its file's name.
    """
    metric, by_name = report["metric"], {each.name: each for each in evaluations}
    figures = {"metric": f"{metric.replace('@', '_at_')}.png"}
    shown = [by_name[model["name"]] for model in report["models"]]
    plots.metric_bars(folder / figures["metric"], shown, metric)
    if "interest" in report:
        figures["reliability"] = "reliability.png"
        points = report["interest"]["reliability"].values()
        plots.reliability_diagram(folder / figures["reliability"], *points)
    if "history" in report:
        figures["training"] = "training.png"
        plots.training_curve(folder / figures["training"], report["history"], metric)
    return figures


def summarise(evaluation):
    """Means, intervals and slices of an `Evaluation` as plain JSON values."""
    summary = {
        "name": evaluation.name,
        "num_queries": evaluation.num_queries,
        "metrics": {
            name: {"mean": mean, "interval": list(evaluation.intervals[name])}
            for name, mean in evaluation.means.items()
        },
        "coverage": dict(evaluation.coverage),
    }
    slices = {name: summarise(each) for name, each in evaluation.slices.items()}
    return summary | ({"slices": slices} if slices else {})


def _compare(ours, theirs, metric, num_samples, seed):
    comparison = paired_bootstrap(
        ours.per_query[metric],
        theirs.per_query[metric],
        ours.user_rows,
        num_samples,
        seed,
    )
    return {
        "difference": comparison.difference,
        "interval": list(comparison.interval),
        "p": comparison.p,
    }


def _finite(value):
    """`value` with NaN and infinity as None, which JSON can hold."""
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
