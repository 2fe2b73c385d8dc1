"""The page of a study: every recommender on every split, seeds averaged."""

import dataclasses
import json

import numpy as np

from tfrec.errors import DataError
from tfrec.evaluation.bootstrap import intervals, paired_bootstrap
from tfrec.evaluation.markdown import table, with_interval
from tfrec.files import replacing
from tfrec.training.comparison import read_queries


@dataclasses.dataclass(frozen=True)
class Row:
    """One recommender on one split."""

    name: str
    values: np.ndarray  # [queries] NDCG@10, the mean over the seeds
    by_seed: list  # mean NDCG@10 of each seed; one entry for a baseline
    reports: list  # content of report.json of each seed; empty for a baseline


def write_page(folder, study, cells):
    """Writes `study.md` beside the runs.

    Args:
        folder: of the study.
        study: `Study`.
        cells: list of its `Cell`s, all of them done.

    Returns:
        Path of the page.

    Raises:
        DataError: a run's figures are missing or of other queries.
    """
    parts = [f"# {folder.name}", _explanation(study)]
    for split in study.splits:
        here = [cell for cell in cells if cell.split == split]
        parts += [f"## {split}", *_section(folder, here)]
    with replacing(folder / "study.md") as aside:
        aside.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return folder / "study.md"


def _explanation(study):
    seeds = ", ".join(map(str, study.seeds))
    return (
        f"Training seeds {seeds}; a question's figure is the mean over them. In "
        "brackets 95 % intervals, from a bootstrap over users. *ahead*: how far the "
        "first row is ahead of this one on the same questions, with interval and p."
    )


def _section(folder, cells):
    variants = list(dict.fromkeys(cell.variant for cell in cells))
    first = read_queries(folder / cells[0].name)
    rows = [
        _row(folder, variant, [c for c in cells if c.variant == variant], first.users)
        for variant in variants
    ]
    ours = next(iter(first.values))
    others = {name: v for name, v in first.values.items() if name != ours}
    baselines = [Row(name, v, [v.mean()], []) for name, v in others.items()]
    ranked = sorted([*rows[1:], *baselines], key=lambda row: -row.values.mean())
    header = ["recommender", "NDCG@10 (95 %)", "seeds", "ahead (95 %)", "p"]
    lines = [_line(row, rows[0], first.users) for row in [rows[0], *ranked]]
    return [table(header, lines), *_slices(rows), _facts(rows)]


def _row(folder, name, cells, users):
    values, reports = [], []
    for cell in cells:
        found = read_queries(folder / cell.name)
        if not np.array_equal(found.users, users):
            raise DataError(
                "The runs of a split must answer the same queries. Received: other "
                f"ones in {folder / cell.name}. Remove that folder and run again."
            )
        values.append(next(iter(found.values.values())))
        reports.append(
            json.loads((folder / cell.name / "report.json").read_text(encoding="utf-8"))
        )
    by_seed = [float(each.mean()) for each in values]
    return Row(name, np.mean(values, axis=0), by_seed, reports)


def _line(row, ours, users):
    bounds = intervals(row.values[:, None], users)[0]
    spread = [f"{value:.4f}" for value in (min(row.by_seed), max(row.by_seed))]
    line = [
        row.name if row is not ours else f"**{row.name}**",
        with_interval({"mean": row.values.mean(), "interval": bounds}),
        " to ".join(spread) if len(row.by_seed) > 1 else "",
    ]
    if row is ours:
        return [*line, "", ""]
    found = paired_bootstrap(ours.values, row.values, users)
    low, high = found.interval
    ahead = f"{found.difference:+.4f} ({low:+.4f} to {high:+.4f})"
    return [*line, ahead, f"{found.p:.3f}"]


def _slices(rows):
    """A table of NDCG@10 by slice, if the split has any, of all that were judged."""
    _, *baselines = rows[0].reports[0]["models"]
    judged = [(row.name, [r["models"][0] for r in row.reports]) for row in rows]
    judged += [(model["name"], [model]) for model in baselines]
    names = list(judged[0][1][0].get("slices", {}))
    if not names:
        return []

    def mean(models, name):
        figures = [m["slices"][name]["metrics"]["ndcg@10"]["mean"] for m in models]
        return f"{np.mean(figures):.4f}"

    lines = [[who, *(mean(models, name) for name in names)] for who, models in judged]
    return [table(["NDCG@10 of slices", *names], lines)]


def _facts(rows):
    header = ["run", "AUC", "log loss", "ECE", "epochs", "training", "memory"]
    return table(header, [_fact(row) for row in rows])


def _fact(row):
    training = [report["details"]["training"] for report in row.reports]
    seconds = [t["seconds"]["choose"] + t["seconds"]["learn"] for t in training]
    interest = [report["interest"] for report in row.reports]

    def mean(name):
        return f"{np.mean([each[name] for each in interest]):.3f}"

    return [
        row.name,
        mean("auc"),
        mean("log_loss"),
        mean("expected_calibration_error"),
        ", ".join(str(each["best_epoch"]) for each in training),
        f"{np.mean(seconds):.0f} s",
        f"{max(max(each['peak_memory_mb'].values()) for each in training):.0f} MB",
    ]
