"""Pieces of the page: escaped text, tables, bars and a reliability diagram.

All functions take plain values and escape them. Text is HTML and geometry is SVG, so
that plots get narrower on a phone while their words stay readable.
"""

import html
from collections.abc import Iterable, Sequence
from typing import Any

Bar = tuple[str, dict[str, Any] | None, str]  # label, figure, CSS class of the bar
NONE = "–"
FEW = 30  # questions of a slice
SIDE = 320  # of the reliability diagram, in its own units
EDGE = 44  # room for its axes


def escaped(value: object) -> str:
    """Text that may be put anywhere in the page."""
    return html.escape(str(value), quote=True)


def paragraph(words: str) -> str:
    """`""` for no words."""
    return f"<p>{escaped(words)}</p>" if words else ""


def number(value: float | None, form: str = ".4f") -> str:
    """A number in a given form, a dash for None."""
    if value is None:
        return NONE
    text = format(value, form)
    # What rounds to nothing has no sign.
    return text if text.strip("+-0.%") else text.lstrip("+-")


def with_interval(figure: dict[str, Any] | None, form: str = ".4f") -> str:
    """`mean (low to high)`, or the mean alone where there is no interval."""
    if figure is None or figure.get("mean") is None:
        return NONE
    mean = number(figure["mean"], form)
    if "interval" not in figure:
        return mean
    low, high = (number(end, form) for end in figure["interval"])
    return f"{mean} ({low} to {high})"


def table(
    header: Sequence[str], rows: Iterable[Sequence[object]], last_is_words: bool = False
) -> str:
    """A table whose first column names the rows.

    Args:
        header: of the columns.
        rows: of cells; a pair of a figure and the form of its numbers is a mean with
            its interval below.
        last_is_words: whether the last column is text, not numbers.
    """
    kind = ' class="wordy"' if last_is_words else ""
    head = "".join(f'<th scope="col">{escaped(cell)}</th>' for cell in header)
    lines = [
        f'<tr><th scope="row">{escaped(first)}</th>'
        + "".join(f"<td>{_cell(cell)}</td>" for cell in rest)
        + "</tr>"
        for first, *rest in rows
    ]
    return (
        f'<div class="scroll" tabindex="0"><table{kind}><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _cell(cell):
    if not isinstance(cell, tuple):
        return escaped(cell)
    figure, form = cell
    mean, _, interval = with_interval(figure, form).partition(" (")
    below = f"<br><small>{escaped(interval.rstrip(')'))}</small>" if interval else ""
    return escaped(mean) + below


def bars(title: str, groups: dict[str, Sequence[Bar]], form: str = ".3f") -> str:
    """Horizontal bars with 95 % intervals, all to one scale.

    Args:
        title: what they show, for those who see and for those who listen.
        groups: heading, `""` for none -> bars; a bar without a figure is left out.
        form: of the numbers.
    """
    rows = [bar for each in groups.values() for bar in each if bar[1] is not None]
    most = max((_end(figure) for _, figure, _ in rows if figure), default=0.0) or 1.0
    parts = []
    for heading, each in groups.items():
        parts += [f"<h4>{escaped(heading)}</h4>"] if heading else []
        parts += [_bar(bar, most, form) for bar in each if bar[1] is not None]
    return (
        f'<figure class="bars"><figcaption>{escaped(title)}</figcaption>'
        f"{''.join(parts)}</figure>"
    )


def _end(figure):
    return max(figure["mean"], *figure.get("interval", ()), 0.0)


def _bar(bar, most, form):
    label, figure, kind = bar
    width = 100 * max(figure["mean"], 0.0) / most
    line = ""
    if "interval" in figure:
        low, high = (100 * min(max(end, 0.0) / most, 1.0) for end in figure["interval"])
        line = f'<path class="line" d="M{low:.2f} 6H{high:.2f}"/>'
    return (
        f'<div class="bar"><span class="label">{escaped(label)}</span>'
        '<svg viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="{escaped(kind)}" y="1" width="{width:.2f}" height="10"/>{line}'
        f'</svg><span class="value">{escaped(with_interval(figure, form))}</span></div>'
    )


def slice_bars(rows: Sequence[dict[str, Any]]) -> str:
    """Bars of NDCG@10 of several recommenders, in each slice of the questions."""
    groups: dict[str, Sequence[Bar]] = {
        _slice_name(row): [
            (name, figure, "theirs" if number else "ours")
            for number, (name, figure) in enumerate(row["models"].items())
        ]
        for row in rows
    }
    return bars("NDCG@10 by slice, with the number of questions", groups)


def _slice_name(row):
    few = ", too few to compare" if row["num_queries"] < FEW else ""
    bounds = ""
    if "bounds" in row:
        bounds = ", {:.2f} to {:.2f}".format(*row["bounds"])
    return f"{row['slice']}{bounds} ({row['num_queries']:,}{few})"


def reliability(
    promised: Sequence[float], observed: Sequence[float], counts: Sequence[int]
) -> str:
    """Promised probabilities against observed shares; larger dots have more examples.

    Args:
        promised: of each bin, between 0 and 1.
        observed: of each bin, between 0 and 1.
        counts: examples of each bin.
    """
    most = max(counts, default=1)
    points = list(zip(promised, observed, counts, strict=True))
    dots = "".join(
        f'<circle class="ours" cx="{_x(p):.1f}" cy="{_y(o):.1f}" '
        f'r="{2 + 4 * (count / most) ** 0.5:.1f}"/>'
        for p, o, count in points
    )
    path = "L".join(f"{_x(p):.1f} {_y(o):.1f}" for p, o, _ in points)
    ticks = "".join(map(_tick, (0.0, 0.25, 0.5, 0.75, 1.0)))
    words = f"Reliability of {sum(counts):,} probabilities"
    middle = (EDGE + SIDE - 12) / 2
    return (
        f'<figure><svg class="square" viewBox="0 0 {SIDE} {SIDE}" role="img" '
        f'aria-label="{escaped(words)}">{ticks}'
        f'<path class="perfect" d="M{_x(0):.1f} {_y(0):.1f}L{_x(1):.1f} {_y(1):.1f}"/>'
        f'<path class="curve" d="M{path}"/>{dots}'
        f'<text x="{middle:.0f}" y="{SIDE - 6}" text-anchor="middle">promised '
        'probability</text><text transform="rotate(-90)" '
        f'x="{(_y(0) + _y(1)) / -2:.0f}" y="12" text-anchor="middle">share of positives'
        "</text></svg>"
        f"<figcaption>{escaped(words)}; on the dashed line they are exactly right. "
        "Larger dots have more examples.</figcaption></figure>"
    )


def _tick(value):
    x, y = _x(value), _y(value)
    return (
        f'<path class="grid" d="M{x:.1f} {_y(0):.1f}V{_y(1):.1f}M{_x(0):.1f} {y:.1f}'
        f'H{_x(1):.1f}"/><text x="{x:.1f}" y="{_y(0) + 15:.1f}" text-anchor="middle">'
        f'{value:g}</text><text x="{EDGE - 5}" y="{y + 4:.1f}" text-anchor="end">'
        f"{value:g}</text>"
    )


def _x(value):
    return EDGE + value * (SIDE - EDGE - 12)


def _y(value):
    return SIDE - EDGE - value * (SIDE - EDGE - 12)
