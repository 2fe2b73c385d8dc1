"""Lets a new model through or not: `python -m training.gate NEW --against OLD`."""

import pathlib
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from tfrec.errors import TfrecError
from tfrec.program import run_program


class RefusedError(TfrecError):
    """The new model is not to be published."""


def gate(
    new: Annotated[
        pathlib.Path,
        typer.Argument(metavar="NEW", help="Folder of the new model's report."),
    ],
    against: Annotated[
        pathlib.Path | None,
        typer.Option(help="Folder of the old model's report on the same questions."),
    ] = None,
    thresholds: Annotated[
        pathlib.Path | None,
        typer.Option(help="TOML file with least, most and max_loss."),
    ] = None,
    out: Annotated[
        pathlib.Path | None, typer.Option(help="File for the result as JSON.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 42,
):
    """Compares reports and ends with code 1, and the reasons, if NEW must not be used.

    Both reports must be of the same questions: those of training.evaluate with one
    configuration, by models that have not learnt from its test part.
    """
    from tfrec.files import replacing
    from tfrec.training.gate import check_model, read_thresholds, to_json

    console = Console(soft_wrap=True)
    checks = check_model(new, against, read_thresholds(thresholds), seed)
    for check in checks:
        mark = "passed" if check.passed else "FAILED"
        console.print(f"{mark}  {escape(check.words)}", highlight=False)
    if out:
        with replacing(out) as aside:
            aside.write_text(to_json(checks), encoding="utf-8")
    failed = sum(not check.passed for check in checks)
    if failed:
        raise RefusedError(
            f"{new} is not let through: {failed} of {len(checks)} checks failed."
        )
    console.print(f"{escape(str(new))} is let through.", highlight=False)


def main():
    """Entry point of `tfrec-gate`."""
    run_program(gate)


if __name__ == "__main__":
    main()
