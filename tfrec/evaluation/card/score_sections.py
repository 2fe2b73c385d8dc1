"""Sections of the page on accuracy, probabilities, fairness, new people and items."""

from typing import Any

from tfrec.evaluation.card.html_parts import (
    bars,
    escaped,
    number,
    paragraph,
    reliability,
    slice_bars,
    table,
)
from tfrec.evaluation.plots import shown

Report = dict[str, Any]


def accuracy(report: Report) -> str:
    """Every ranking metric of every recommender, and how far ours is ahead."""
    metric, models = report["metric"], report["models"]
    names = [metric, *(name for name in models[0]["metrics"] if name != metric)]
    first = [
        (m["name"], m["metrics"][metric], "theirs" if n else "ours")
        for n, m in enumerate(models)
    ]
    header = ["recommender", *map(shown, names), "ours ahead by", "p"]
    rows = [
        [
            model["name"],
            *((model["metrics"][name], ".4f") for name in names),
            *_ahead(model.get("against")),
        ]
        for model in models
    ]
    return bars(f"{shown(metric)}; lines span 95 % intervals", {"": first}) + table(
        header, rows
    )


def _ahead(against):
    if against is None:
        return ["", ""]
    ahead = {"mean": against["difference"], "interval": against["interval"]}
    return [(ahead, "+.4f"), number(against["p"], ".3f")]


def decided(report: Report) -> str:
    """Precision, recall and the counts at one threshold of P(interest)."""
    interest = report.get("card", {}).get("interest")
    if interest is None:
        return ""
    found = interest["threshold"]
    shares = ("accuracy", "precision", "recall", "f1")
    words = (
        f"The answer is yes from P(interest) = {found['threshold']:.3f} on. This "
        f"threshold is from {found['source']}. {found['note']}"
    )
    labels = ["answer", "interest", "no interest"]
    counts = [
        ["yes", f"{found['true_positive']:,}", f"{found['false_positive']:,}"],
        ["no", f"{found['false_negative']:,}", f"{found['true_negative']:,}"],
    ]
    lines = [["share", *(number(found[name], ".3f") for name in shares)]]
    header = ["", "accuracy", "precision", "recall", "F1"]
    return (
        paragraph(words.strip())
        + table(header, lines)
        + "<h3>Counts</h3>"
        + table(labels, counts)
    )


def calibrated(report: Report) -> str:
    """The reliability diagram, and the error in parts of the examples."""
    if "interest" not in report:
        return ""
    interest = report["interest"]
    parts = [
        paragraph(
            f"{interest['num_examples']:,} examples; the negative ones are items "
            f"{interest['zeros']}. AUC {number(interest['auc'])}, log loss "
            f"{number(interest['log_loss'])} nats, expected calibration error "
            f"{number(interest['expected_calibration_error'])}."
        ),
        reliability(*interest["reliability"].values()),
    ]
    segments = report.get("card", {}).get("interest", {}).get("segments", {})
    header = ["segment", "examples", "people", "positive", "promised", "observed"]
    header += ["error", "by chance up to", ""]
    for kind, rows in segments.items():
        parts.append(f"<h3>By {escaped(kind)}</h3>" if kind != "all" else "")
        parts.append(table(header, map(_segment, rows)))
    if segments:
        words = "Error: expected calibration error. By chance: what right probabilities"
        words += " stay below in 99 of 100 cases. Too few to judge: fewer than 100"
        parts.append(paragraph(f"{words} examples of a label, or than 20 people."))
    return "".join(parts)


def _segment(row):
    return [
        row["segment"],
        *(f"{row[name]:,}" for name in ("num_examples", "num_people", "num_positive")),
        *(number(row[name], ".3f") for name in ("promised", "observed", "error")),
        number(row["error_by_chance"], ".3f"),
        "too few" if row["is_few"] else "",
    ]


def fair(report: Report) -> str:
    """NDCG and calibration of each group of people, and the widest gap."""
    judged = report.get("card", {}).get("fairness")
    if judged is None:
        return ""
    parts = [_column(report, *each) for each in judged["columns"].items()]
    if not parts:
        words = "The table of users has no column that makes groups, so nothing is"
        parts = [paragraph(f"{words} compared. See `evaluation.groups`.")]
    parts += map(paragraph, judged["notes"])
    return "".join(parts)


def _column(report, name, found):
    groups, title = found["groups"], f"<h3>By {escaped(name)}</h3>"
    left_out = ""
    if found["left_out"]:
        left_out = f"Groups with one asked person are left out: {found['left_out']:,}."
    if not groups:
        return title + paragraph(left_out or "No asked person has a known group.")
    segments = report["card"].get("interest", {}).get("segments", {})
    errors = {row["segment"]: row for row in segments.get(f"group {name}", [])}
    rows = [
        [
            each["group"],
            f"{each['num_people']:,}",
            f"{each['num_queries']:,}",
            (each, ".4f"),
            *_calibration(errors.get(each["group"])),
        ]
        for each in groups
    ]
    header = ["group", "people", "questions", "NDCG@10", "calibration error"]
    lines = [
        (f"{each['group']} ({each['num_people']:,} people)", each, "ours")
        for each in groups
    ]
    return (
        title
        + paragraph(_gap(found["gap"]))
        + bars("NDCG@10 by group", {"": lines})
        + table([*header, "promised less observed"], rows)
        + paragraph(left_out)
    )


def _calibration(row):
    if row is None:
        return ["–", "–"]
    error = number(row["error"], ".3f") + (" (too few)" if row["is_few"] else "")
    return [error, number(row["promised"] - row["observed"], "+.3f")]


def _gap(gap):
    if gap is None:
        return "Fewer than two groups have two people, so there is no gap to show."
    low, high = gap["interval"]
    few = " One of the two groups is too small to conclude anything."
    return (
        f"Gap between {gap['best']} and {gap['worst']}: {gap['difference']:.4f} "
        f"({low:+.4f} to {high:+.4f}); permutation p {gap['p']:.3f}."
        f"{few if gap['is_few'] else ''}"
    )


def cold(report: Report) -> str:
    """The slices of the report: short histories, new people, new items, domains."""
    metric, models = report["metric"], report["models"]
    slices = models[0].get("slices", {})
    if not slices:
        return _by_length(report)
    header = ["recommender"]
    header += [f"{name} ({part['num_queries']:,})" for name, part in slices.items()]
    rows = [
        [
            model["name"],
            *(
                (model["slices"][name]["metrics"][metric], ".4f")
                if name in model.get("slices", {})
                else "–"
                for name in slices
            ),
        ]
        for model in models
    ]
    words = f"{shown(metric)} in slices of the questions, with their numbers."
    return paragraph(words) + table(header, rows) + _by_length(report)


def _by_length(report):
    rows = report.get("card", {}).get("history_length", [])
    return f"<h3>By length of history</h3>{slice_bars(rows)}" if rows else ""
