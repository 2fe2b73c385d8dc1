"""Trains a recommender on a log: `python -m training.train CONFIG.toml`."""

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.table import Table

from tfrec.program import run_program, show_log
from training.options import ConfigFile, Overrides


def train(
    config: ConfigFile,
    override: Overrides = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue from the checkpoints of the run.")
    ] = False,
):
    """Trains on a log, evaluates the model and baselines, and writes saved models.

    Checkpoints, TensorBoard logs, report.html, report.md, report.json and figures go to
    runs/NAME/, saved models to saved_models/NAME/VERSION/. NAME is run.name of the
    configuration. A run replaces only the files of an earlier run of that name.
    """
    from tfrec.config import load_config  # TensorFlow: not needed for `--help`
    from tfrec.training.progress import progress_shown
    from tfrec.training.run import run

    console = Console()
    if console.is_terminal:
        handler = RichHandler(console=console, show_path=False, show_level=False)
        show_log(handlers=[handler])
    else:
        show_log(format="%(asctime)s %(message)s", stream=sys.stdout)
    settings = load_config(config, override or ())
    with progress_shown(console) as report:
        result = run(settings, resume, report)
    console.print(_summary(result.report))
    for warning in result.warnings:
        console.print(f"[yellow]Warning:[/yellow] {warning}")
    console.print(f"Report: {result.folder / 'report.md'}")
    console.print(f"Evaluation card: {result.folder / 'report.html'}")
    for folder in result.models:
        console.print(f"Saved model: {folder}")


def _summary(report):
    table = Table(title=f"NDCG@10 of {report['title']}, with 95 % interval")
    table.add_column("recommender")
    table.add_column("NDCG@10", justify="right")
    table.add_column("95 %", justify="right")
    for model in report["models"][:8]:
        found = model["metrics"]["ndcg@10"]
        low, high = found["interval"]
        table.add_row(model["name"], f"{found['mean']:.4f}", f"{low:.4f} to {high:.4f}")
    return table


def main():
    """Entry point of `tfrec-train`."""
    run_program(train)


if __name__ == "__main__":
    main()
