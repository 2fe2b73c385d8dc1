"""A report of an experiment as Markdown that reads well as plain text, too."""

import datetime
from typing import Any

from tfrec.evaluation.markdown import table

VERDICTS = {"higher": "higher", "lower": "lower", "open": "not decided"}


def render_experiment(report: dict[str, Any]) -> str:
    """The whole page.

    Args:
        report: as `experiment_report` gives it.

    Returns:
        str, Markdown.
    """
    title = f"# Experiment {report['experiment']}"
    parts = [
        title,
        _warnings(report["warnings"]),
        _summary(report),
        "## Arms\n\n" + _levels(report),
    ]
    if len(report["arms"]) > 1:
        title = f"## Differences from {report['control']}"
        parts.append(f"{title}\n\n{_differences(report)}\n\n{_legend(report)}")
    parts += ["## Catalogue\n\n" + _coverage(report["coverage"]), _attribution(report)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _warnings(sentences):
    return "\n".join(f"- **Note:** {sentence}" for sentence in sentences)


def _summary(report):
    span = " to ".join(
        f"{datetime.datetime.fromtimestamp(report[end], datetime.UTC):%Y-%m-%d %H:%M}"
        for end in ("since", "until")
        if report[end] is not None
    )
    p = report["shares"]["p"]
    words = f"Impressions from {span} UTC. " if span else "No impressions are left. "
    words += f"Events count for {report['window_hours']:g} hours after an impression."
    if report["is_trusted"] and p is not None:
        words += f" The numbers of people fit the configured shares (p {p:.3g})."
    left = report["left_out"]["people_in_several_arms"]
    return words + f" Left out because they were in several arms: {left:,} people."


def _levels(report):
    metrics = report["metrics"]
    header = ["metric (95 %)", *report["arms"]]
    sizes = {
        name: [f"{size[name]:,}" for size in report["arms"].values()]
        for name in ("people", "lists", "impressions")
    }
    rows = [[name, *cells] for name, cells in sizes.items()]
    rows += [
        [each["name"], *(_level(each["arms"][arm]) for arm in report["arms"])]
        for each in metrics
    ]
    return table(_cells(header), rows)


def _level(level):
    return _with_ends(level["value"], level["interval"])


def _differences(report):
    header = ["metric", "arm", "difference (95 %, at all times)", "relative", "verdict"]
    header += ["p, at all times", "95 %, one look", "p, one look"]
    rows = [
        [
            each["name"],
            *_cells([arm]),
            _with_ends(found["difference"], found["always_valid_interval"], "+.4g"),
            "" if found["relative"] is None else f"{found['relative']:+.1%}",
            found["note"] or VERDICTS[found["verdict"]],
            _p(found["always_valid_p"]),
            _ends(found["interval"], "+.4g"),
            _p(found["p"]),
        ]
        for each in report["metrics"]
        for arm, found in each["differences"].items()
    ]
    return table(header, rows)


def _legend(report):
    count = sum(len(each["differences"]) for each in report["metrics"])
    words = (
        'The columns "at all times" stay valid however often the report is made while '
        'the experiment runs. Those of "one look" are valid only for a single report '
        "at an end that was fixed before."
    )
    if count > 1:
        words += (
            f" The table has {count} comparisons: decide by the metric that was chosen "
            "before."
        )
    if not report["is_trusted"]:
        words += " None of them is valid here, because people are missing."
    return words


def _coverage(coverage):
    header = ["arm", "distinct items", "share", "share at equal impressions"]
    rows = [
        [
            *_cells([arm]),
            f"{found['items']:,}",
            f"{found['share']:.1%}",
            f"{found['share_of_equal_sample']:.1%}",
        ]
        for arm, found in coverage.items()
    ]
    return f"{table(header, rows)}\n\nShares are of the items that any arm has shown."


def _attribution(report):
    counts = report["attribution"]
    return (
        f"The whole log has {counts['events']:,} events. {counts['by_list']:,} belong "
        f"to the list that they name, {counts['by_user']:,} to the latest impression "
        f"of their user and item. Not counted: {counts['not_shown']:,} of items that "
        f"were not shown before, {counts['too_late']:,} after the window, "
        f"{counts['too_early']:,} before their list, and {counts['unknown_list']:,} of "
        "lists that the log lacks."
    )


def _with_ends(value, interval, form=".4g"):
    if value is None:
        return "none"
    return f"{value:{form}} {_ends(interval, form)}".rstrip()


def _ends(interval, form):
    return "" if interval is None else f"({interval[0]:{form}} to {interval[1]:{form}})"


def _p(p):
    return "" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}"


def _cells(names):
    return [name.replace("|", "\\|") for name in names]
