"""What fresh interests are worth: `python -m training.freshness CONFIG --model DIR`."""

import logging
import pathlib
from typing import Annotated

import typer
from rich.console import Console

from tfrec.program import run_program


def freshness(
    config: Annotated[
        pathlib.Path, typer.Argument(help="TOML file that names the log.")
    ],
    model: Annotated[pathlib.Path, typer.Option(help="Saved model, or its version.")],
    out: Annotated[pathlib.Path, typer.Option(help="Folder of the report.")],
    override: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Over the file."),
    ] = None,
):
    """Asks a saved model the log's test questions with ever older histories.

    Beside it stand EASE under the same delays, and the model's interest vectors, which
    follow the events without a history; how is chosen on the part before the cut. The
    figures are honest only for a model trained with `train.refit = "train"`.
    """
    from tfrec.baselines.ease import ease_decay
    from tfrec.config import load_config  # TensorFlow: not needed for `--help`
    from tfrec.evaluation.late import late_versions
    from tfrec.export.loaded import load
    from training.data import load_run_data
    from training.freshness_report import write_freshness
    from training.interest_vectors import InterestVectors, choose_settings
    from training.judge import judge_one, test_split

    console = Console()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    settings = load_config(config, [*(override or ()), "evaluation.split=rolling"])
    data = load_run_data(settings.data)
    split = test_split(settings, data.interactions)
    ours = load(model, data.dataset.users)
    ease = ease_decay().fit(split.train, data.dataset.items)
    rows = {}
    for recommender in (ours, ease):
        versions = late_versions(recommender, split.cut)
        rows[recommender.name] = {
            history: judge_one(settings, each, data, split)
            for history, each in versions.items()
        }
    chosen = choose_settings(ours, settings, split.train)
    vectors = InterestVectors(ours, split.cut, chosen)
    rows[ours.name][vectors.name] = judge_one(settings, vectors, data, split)
    report = write_freshness(out, rows, split, chosen, settings)
    console.print(f"{report['verdict']}\nReport: {out / 'report.md'}")


def main():
    """Entry point of `tfrec-freshness`."""
    run_program(freshness)


if __name__ == "__main__":
    main()
