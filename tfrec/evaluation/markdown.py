"""A report as Markdown that reads well as plain text, too."""

from tfrec.evaluation.plots import shown

COLUMNS = ("ndcg", "recall", "mrr", "hit_rate")
NUMBERS = {
    "num_train_events": "training events",
    "num_queries": "queries",
    "num_users_asked": "users asked",
    "num_right_items": "right items",
    "num_items": "items",
    "num_cold_items": "of them without a training event",
}


def render(report):
    """The whole page.

    Args:
        report: dict as `write_report` returns it.

    Returns:
        str, Markdown.
    """
    parts = [
        f"# {report['title']}",
        verdict(report),
        "## All queries",
        _main_table(report),
        _figure(report, "metric", shown(report["metric"])),
        _slices(report),
        _interest(report),
        _reasons(report),
        _training(report),
        _words(report),
        _texts(report),
        "## How it was measured",
        _protocol(report["protocol"]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def verdict(report):
    """What the report comes to, in one or two sentences of Markdown."""
    ours, *baselines = report["models"]
    metric = report["metric"]
    mean = with_interval(ours["metrics"][metric])
    sentence = f"**{ours['name']}** reaches {shown(metric)} {mean}"
    if not baselines:
        return sentence + "."
    best = baselines[0]
    comparison = best["against"]
    low, high = comparison["interval"]
    return (
        f"{sentence}. The best baseline, {best['name']}, reaches "
        f"{with_interval(best['metrics'][metric])}: a difference of "
        f"{comparison['difference']:+.4f} ({low:+.4f} to {high:+.4f}, "
        f"p {_p(comparison['p'])})."
    )


def _figure(report, name, words):
    """A link to a figure, `""` where there are no files."""
    files = report.get("figures", {})
    return f"![{words}]({files[name]})" if name in files else ""


def _main_table(report):
    cutoff = report["metric"].partition("@")[2]
    names = [f"{name}@{cutoff}" for name in COLUMNS]
    first = report["metric"]
    others = [name for name in names if name != first]
    header = ["model", f"{shown(first)} (95 %)", *map(shown, others)]
    header += [f"coverage@{cutoff}", "ours ahead by", "p"]
    rows = []
    for model in report["models"]:
        metrics = model["metrics"]
        comparison = model.get("against")
        rows.append(
            [
                model["name"] if comparison else f"**{model['name']}**",
                with_interval(metrics[first]),
                *(f"{metrics[name]['mean']:.4f}" for name in others),
                f"{model['coverage'][f'coverage@{cutoff}']:.1%}",
                f"{comparison['difference']:+.4f}" if comparison else "",
                _p(comparison["p"]) if comparison else "",
            ]
        )
    return table(header, rows)


def _slices(report):
    slices = report["models"][0].get("slices", {})
    if not slices:
        return ""
    metric = report["metric"]
    header = ["model"] + [
        f"{name} ({part['num_queries']:,})" for name, part in slices.items()
    ]
    rows = [
        [model["name"]]
        + [with_interval(model["slices"][name]["metrics"][metric]) for name in slices]
        for model in report["models"]
    ]
    title = f"## {shown(metric)} by slice (number of queries)"
    return f"{title}\n\n{table(header, rows)}"


def _interest(report):
    if "interest" not in report:
        return ""
    interest = report["interest"]
    header = ["model", "AUC", "log loss", "calibration error", "ours ahead by", "p"]
    lines = [_interest_line(f"**{report['models'][0]['name']}**", interest)]
    lines += [_interest_line(*each) for each in interest["baselines"].items()]
    return (
        f"## Probabilities\n\nOn {interest['num_examples']:,} examples; the negative "
        f"ones are items {interest['zeros']}. Log loss in nats; expected calibration "
        f"error over bins of equal size.\n\n"
        f"{table(header, lines)}\n\n"
        f"{_figure(report, 'reliability', 'Reliability')}"
    ).rstrip()


def _interest_line(name, judged):
    names = ("auc", "log_loss", "expected_calibration_error")
    line = [name, *(f"{judged[each]:.4f}" for each in names)]
    if "against" not in judged:
        return [*line, "", ""]
    comparison = judged["against"]
    return [*line, f"{comparison['difference']:+.4f}", _p(comparison["p"])]


def _reasons(report):
    if "reasons" not in report:
        return ""
    found = report["reasons"]
    lines = [
        ["the event that the reason names", with_interval(found["named"])],
        ["another event of the history, at random", with_interval(found["other"])],
        ["ratio", with_interval(found["ratio"], ".1f")],
        ["the named event is worth more", with_interval(found["is_larger"], ".1%")],
    ]
    return (
        "## Reasons\n\nWhat the score of a recommended item loses without an event, in "
        f"{found['num_questions']:,} questions. In {found['num_unnamed']:,} others no "
        f"event may be named.\n\n{table(['without', 'score lost (95 %)'], lines)}"
    )


def _training(report):
    if "history" not in report:
        return ""
    figure = _figure(report, "training", "Training curve")
    return f"## Training\n\n{figure}" if figure else ""


def _words(report):
    words = report["details"].get("words", {})
    tables = [
        table(
            [kind, "items", "share of events"],
            [[_cell(e["name"]), f"{e['items']:,}", f"{e['share']:.1%}"] for e in rows],
        )
        for kind, rows in words.items()
    ]
    return "\n\n".join(["## What the log is about", *tables]) if tables else ""


def _cell(words):
    return words.replace("|", "\\|")


def _texts(report):
    texts = report["details"].get("texts")
    if not texts:
        return ""
    unknown, scripts = texts["unknown_tokens"], texts["scripts"]
    words = f"Items' texts are read by `{texts['encoder']}`"
    if unknown is not None:
        words += f", which does not know {unknown:.1%} of their tokens"
    shares = ", ".join(f"{share:.1%} {name}" for name, share in scripts.items())
    return f"## Texts\n\n{words}. Letters: {shares or 'none'}."


def _protocol(protocol):
    words = [
        f"- {name}: {value}" for name, value in protocol.items() if name not in NUMBERS
    ]
    counts = [
        f"{protocol[name]:,} {unit}"
        for name, unit in NUMBERS.items()
        if name in protocol
    ]
    return "\n".join([*words, f"- counts: {', '.join(counts)}"] if counts else words)


def table(header, rows):
    """A Markdown table: columns padded to one width, all but the first to the right.

    Args:
        header: list of strings.
        rows: list of such lists.

    Returns:
        str.
    """
    cells = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "| "
        + " | ".join([row[0].ljust(widths[0]), *_right(row[1:], widths[1:])])
        + " |"
        for row in cells
    ]
    rule = [
        ":" + "-" * (widths[0] - 1),
        *("-" * (width - 1) + ":" for width in widths[1:]),
    ]
    return "\n".join([lines[0], "| " + " | ".join(rule) + " |", *lines[1:]])


def _right(cells, widths):
    return [cell.rjust(width) for cell, width in zip(cells, widths, strict=True)]


def with_interval(metric, form=".4f"):
    """`{"mean", "interval"}` as words; None is a number that there is not."""
    numbers = (metric["mean"], *metric["interval"])
    mean, low, high = ("∞" if each is None else f"{each:{form}}" for each in numbers)
    return f"{mean} ({low}–{high})"


def _p(p):
    return f"{p:.3f}"
