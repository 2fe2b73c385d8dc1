"""What changed since training: `python -m training.drift CONFIG --now FOLDER`."""

import dataclasses
import json
import pathlib
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tfrec.program import run_program, show_log
from training.options import ConfigFile, Overrides


def compare(
    config: ConfigFile,
    now: Annotated[
        pathlib.Path,
        typer.Option(help="Folder of the later log: events, and items if it has any."),
    ],
    override: Overrides = None,
    out: Annotated[
        pathlib.Path | None, typer.Option(help="File for the figures as JSON.")
    ] = None,
):
    """Compares what people do now with the log that a configuration trains on."""
    from tfrec.config import load_config  # TensorFlow: not needed for `--help`
    from tfrec.evaluation.drift import drift
    from tfrec.feature_columns import FeaturesConfig
    from tfrec.files import replacing
    from tfrec.training.log import read_log

    show_log()
    settings = load_config(config, override or ())
    data = dataclasses.replace(settings.data, folder=str(now), dataset="")
    later = dataclasses.replace(settings, data=data, features=FeaturesConfig())
    before, latest = (_log_of(read_log(each)) for each in (settings, later))
    found = drift(before, latest, settings.evaluation.seed)
    _show(found)
    if out:
        with replacing(out) as aside:
            aside.write_text(_json(found), encoding="utf-8")


def _log_of(dataset):
    """A `DriftLog` of a data set."""
    from tfrec.evaluation.drift import DriftLog

    events = dataset.events.frame
    if "text" not in events:  # nobody wrote anything
        events = events.assign(text="")
    items = dataset.items.frame.set_index("item_id")
    return DriftLog(events, items["category"].to_dict(), items["title"].to_dict())


def _show(found):
    console = Console(soft_wrap=True)
    sizes = Table("", "training", "now")
    for name, pair in found.sizes.items():
        sizes.add_row(name, *(f"{each:,}" for each in pair))
    console.print(sizes)
    shares = Table("shares of", "distance", "usual", "by chance up to", "")
    for name, shift in found.shifts.items():
        figures = (shift.distance, shift.usual, shift.by_chance)
        verdict = "changed" if shift.is_clear else "as usual"
        shares.add_row(name, *(f"{each:.3f}" for each in figures), verdict)
    console.print(shares)
    for name, shift in found.shifts.items():
        moved = (f"{n} {was:.1%} to {is_:.1%}" for n, (was, is_) in shift.moved.items())
        if shift.is_clear:
            console.print(f"Most changed {name}: {', '.join(moved)}.", markup=False)
    for name, share in found.unknown.items():
        console.print(f"Unknown to training: {share:.1%} of {name}.", markup=False)


def _json(found):
    shifts = {
        name: dataclasses.asdict(shift) | {"is_clear": shift.is_clear}
        for name, shift in found.shifts.items()
    }
    content = dataclasses.asdict(found) | {"shifts": shifts}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def main():
    """Entry point of `tfrec-drift`."""
    run_program(compare)


if __name__ == "__main__":
    main()
