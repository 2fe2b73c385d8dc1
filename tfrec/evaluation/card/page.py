"""The card as one page of HTML that needs nothing else: `report.html`."""

from typing import Any

from tfrec.evaluation.card.how_made import costs_section, making
from tfrec.evaluation.card.html_parts import escaped, paragraph
from tfrec.evaluation.card.list_sections import (
    beyond,
    exposed,
    moving,
    time_section,
)
from tfrec.evaluation.card.score_sections import (
    accuracy,
    calibrated,
    cold,
    decided,
    fair,
)
from tfrec.evaluation.card.style import STYLE
from tfrec.evaluation.plots import shown

SECTIONS = {  # title -> function that gives its HTML, "" for nothing to say
    "Accuracy": accuracy,
    "Yes or no at a threshold": decided,
    "Calibration": calibrated,
    "Beyond accuracy": beyond,
    "Exposure of items": exposed,
    "Fairness to groups of people": fair,
    "Stability": moving,
    "New people and new items": cold,
    "Time and drift of taste": time_section,
    "Costs": costs_section,
    "How it was made": making,
}
MARKS = {"good": "✓", "check": "!", "note": "i"}


def render_page(report: dict[str, Any]) -> str:
    """The whole page.

    Args:
        report: content of `report.json`; sections whose figures it lacks, as older
            reports do, are left out.

    Returns:
        str, HTML without any link to a resource outside of it.
    """
    made = {title: render(report) for title, render in SECTIONS.items()}
    made = {"Findings": _findings(report)} | made
    parts = {title: body for title, body in made.items() if body}
    title = escaped(report["title"])
    contents = "".join(
        f'<li><a href="#{_anchor(name)}">{escaped(name)}</a></li>' for name in parts
    )
    body = "".join(
        f'<section id="{_anchor(name)}"><h2>{escaped(name)}</h2>{part}</section>'
        for name, part in parts.items()
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{title}: evaluation card</title><style>{STYLE}</style></head>"
        f"<body><header><h1>{title}</h1>{_subtitle(report)}</header>"
        f'<nav aria-label="Contents"><ol>{contents}</ol></nav>'
        f"<main>{body}</main></body></html>\n"
    )


def _subtitle(report):
    protocol = report.get("protocol", {})
    if "num_queries" not in protocol:
        return ""
    return paragraph(
        f"Evaluation card: {protocol['num_queries']:,} questions of "
        f"{protocol['num_users_asked']:,} people, {protocol['num_items']:,} items, "
        f"split {protocol['split']}, {shown(report['metric'])} first. "
        "Intervals in brackets are 95 %."
    )


def _findings(report):
    lines = "".join(
        f'<li class="{escaped(each["level"])}"><b>{MARKS[each["level"]]}</b> '
        f"<span>{escaped(each['words'])} <code>{escaped(each['figure'])}</code></span>"
        "</li>"
        for each in report.get("findings", [])
    )
    if not lines:
        return ""
    legend = "✓ as it should be, ! look at this, i for information."
    where = "The name after a sentence is where its figure is in report.json."
    return f'<ul class="findings">{lines}</ul>{paragraph(f"{legend} {where}")}'


def _anchor(title):
    return title.lower().replace(" ", "-")
