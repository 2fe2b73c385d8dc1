"""Figures of a report, drawn without a display."""

from matplotlib.figure import Figure
from matplotlib.ticker import AutoLocator

from tfrec.files import replacing

OURS, THEIRS, QUIET = "#c2410c", "#475569", "#cbd5e1"
DOTS_PER_INCH = 150


def metric_bars(path, evaluations, metric):
    """Means with 95 % intervals, one bar per recommender.

    Args:
        path: of the PNG file.
        evaluations: list of `Evaluation`s, ours first; drawn in the given order.
        metric: name such as `"ndcg@10"`.
    """
    figure = Figure(figsize=(7, 1.1 + 0.3 * len(evaluations)), layout="constrained")
    axes = figure.subplots()
    places = range(len(evaluations))
    means = [each.means[metric] for each in evaluations]
    bounds = [each.intervals[metric] for each in evaluations]
    axes.barh(
        places,
        means,
        color=[OURS] + [THEIRS] * (len(means) - 1),
        xerr=[
            [
                max(mean - low, 0.0)
                for mean, (low, _) in zip(means, bounds, strict=True)
            ],
            [
                max(high - mean, 0.0)
                for mean, (_, high) in zip(means, bounds, strict=True)
            ],
        ],
        error_kw={"ecolor": "black", "capsize": 2, "elinewidth": 0.8},
        height=0.7,
    )
    axes.set_yticks(places, [each.name for each in evaluations])
    axes.set_ylim(len(evaluations) - 0.4, -0.6)  # best at the top
    axes.set_xlabel(f"{shown(metric)}, lines span 95 % intervals")
    _finish(figure, axes, path, grid="x")


def reliability_diagram(path, promised, observed, counts):
    """Promised probabilities against observed shares of positives.

    Args:
        path: of the PNG file.
        promised: `[bins]` float array, as `tfrec.evaluation.metrics.reliability`.
        observed: `[bins]` float array.
        counts: `[bins]` int array.
    """
    figure = Figure(figsize=(4.5, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=QUIET, linewidth=1.5, label="perfect")
    axes.plot(promised, observed, "o-", color=OURS, markersize=4, label="observed")
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    axes.set_xlabel(f"promised probability ({sum(counts):,} examples)")
    axes.set_ylabel("share of positives")
    axes.legend(frameon=False, loc="upper left")
    _finish(figure, axes, path, grid="both")


def training_curve(path, history, metric="ndcg@10"):
    """Loss and validation metric by epoch.

    Args:
        path: of the PNG file.
        history: list of dicts, one per epoch, with `loss` and `metric`.
        metric: name such as `"ndcg@10"`.
    """
    figure = Figure(figsize=(7, 3.5), layout="constrained")
    axes = figure.subplots()
    epochs = range(1, len(history) + 1)
    axes.plot(epochs, [epoch["loss"] for epoch in history], color=THEIRS)
    axes.set_xlabel("epoch")
    axes.set_ylabel("training loss", color=THEIRS)
    whole_epochs = AutoLocator()
    whole_epochs.set_params(integer=True)
    axes.xaxis.set_major_locator(whole_epochs)
    right = axes.twinx()
    right.plot(epochs, [epoch[metric] for epoch in history], "o-", color=OURS, ms=4)
    right.set_ylabel(f"validation {shown(metric)}", color=OURS)
    right.spines["top"].set_visible(False)
    _finish(figure, axes, path, grid="y")


def shown(metric):
    """A metric's name as people write it: `ndcg@10` is NDCG@10."""
    name, at, k = metric.partition("@")
    words = {"hit_rate": "hit rate"}
    short = {"ndcg", "mrr", "map", "auc"}
    return (name.upper() if name in short else words.get(name, name)) + at + k


def _finish(figure, axes, path, grid):
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis=grid, color=QUIET, linewidth=0.5)
    axes.set_axisbelow(True)
    with replacing(path) as aside:
        figure.savefig(aside, dpi=DOTS_PER_INCH)
