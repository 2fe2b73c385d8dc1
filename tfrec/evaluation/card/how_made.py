"""Sections of the page on costs, data, configuration and versions."""

import json
from typing import Any

from tfrec.evaluation.card.html_parts import escaped, number, paragraph, table
from tfrec.evaluation.markdown import NUMBERS

Report = dict[str, Any]
STAGES = {
    "choose": "training for validation",
    "learn": "training for the test",
    "evaluate": "evaluation",
    "refit": "training on the whole log",
    "export": "export",
}


def costs_section(report: Report) -> str:
    """Seconds, memory and the estimate of energy, by stage."""
    found = report.get("costs")
    if not found:
        return ""
    rows = [
        _stage(STAGES.get(each["stage"], each["stage"]), each)
        for each in found["stages"]
    ]
    rows.append(_stage("together", found["total"]))
    header = ["stage", "seconds", "CPU-seconds", "peak memory, MB", "energy, Wh"]
    words = (
        f"Energy is an estimate: CPU-seconds times {found['watts_per_core']:g} W a "
        "busy core (evaluation.watts_per_core), without accelerators, memory and "
        "cooling. The export checks the saved model in processes of its own, whose CPU "
        "time is not in it."
    )
    return table(header, rows) + paragraph(words)


def _stage(name, taken):
    return [
        name,
        number(taken["seconds"], ".1f"),
        number(taken["cpu_seconds"], ".1f"),
        number(taken.get("peak_memory_mb"), ",.0f"),
        number(taken["watt_hours"], ".3f"),
    ]


def making(report: Report) -> str:
    """Protocol, data, versions and the whole configuration."""
    details, protocol = report.get("details", {}), report.get("protocol", {})
    parts = []
    if protocol:
        rows = [
            [NUMBERS.get(name, name), _words(value)] for name, value in protocol.items()
        ]
        parts += ["<h3>Protocol</h3>", _facts(rows)]
    for title, key in (("Data", "data"), ("Versions", "versions")):
        if details.get(key):
            rows = [[name, _words(value)] for name, value in details[key].items()]
            parts += [f"<h3>{title}</h3>", _facts(rows)]
    if details.get("config"):
        text = json.dumps(details["config"], indent=1, sort_keys=True)
        parts.append(
            "<h3>Configuration</h3><details><summary>All settings</summary>"
            f"<pre>{escaped(text)}</pre></details>"
        )
    return "".join(parts)


def _facts(rows):
    lines = "".join(
        f'<tr><th scope="row">{escaped(name)}</th><td class="words">{escaped(value)}'
        "</td></tr>"
        for name, value in rows
    )
    return f'<div class="scroll"><table><tbody>{lines}</tbody></table></div>'


def _words(value):
    return f"{value:,}" if isinstance(value, int) and value > 9999 else str(value)
