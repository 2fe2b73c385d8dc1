"""What a run took: time, memory and, as an estimate, energy."""

from typing import Any

WATTS_PER_CORE = 12.0  # where a report does not say; a server core with its share
SECONDS_PER_HOUR = 3600


def costs(report: dict[str, Any]) -> dict[str, Any] | None:
    """Time, memory and estimated energy of each stage of a run.

    Energy is the time that processor cores were busy times the watts of one core. It
    leaves out accelerators, memory, cooling and idle time, so it is no measurement.

    Args:
        report: content of `report.json`.

    Returns:
        Dict of `stages`, a list of dicts, `watts_per_core`, and `total` with `seconds`,
        `cpu_seconds` and `watt_hours`; None if the report has no times. CPU times and
        energy are None in reports that did not keep them.

    Reference:
        Lannelongue, Grealey and Inouye, Green algorithms, Advanced Science 2021,
        https://doi.org/10.1002/advs.202100707
    """
    details = report["details"]
    taken = details.get("training", {}) | details.get("costs", {})
    if not taken.get("seconds"):
        return None
    how = details.get("config", {}).get("evaluation", {})
    watts = how.get("watts_per_core", WATTS_PER_CORE)
    cpu, memory = taken.get("cpu_seconds", {}), taken.get("peak_memory_mb", {})
    stages = [
        {
            "stage": stage,
            "seconds": seconds,
            "cpu_seconds": cpu.get(stage),
            "peak_memory_mb": memory.get(stage),
            "watt_hours": _watt_hours(cpu.get(stage), watts),
        }
        for stage, seconds in taken["seconds"].items()
    ]
    busy = sum(cpu.values()) if cpu else None
    total = {
        "seconds": sum(taken["seconds"].values()),
        "cpu_seconds": busy,
        "watt_hours": _watt_hours(busy, watts),
    }
    return {"stages": stages, "watts_per_core": watts, "total": total}


def _watt_hours(cpu_seconds, watts):
    return None if cpu_seconds is None else cpu_seconds * watts / SECONDS_PER_HOUR
