"""Judges a saved model on a log: `python -m training.evaluate CONFIG --model DIR`."""

import pathlib
from typing import Annotated

import typer
from rich.console import Console

from tfrec.program import run_program, show_log
from training.options import ConfigFile, Overrides, ReportFolder, SavedModel


def evaluate(
    config: ConfigFile,
    model: SavedModel,
    out: ReportFolder,
    override: Overrides = None,
    against: Annotated[
        pathlib.Path | None,
        typer.Option(
            help="Folder of another report on the same questions, to compare with."
        ),
    ] = None,
):
    """Evaluates a saved model and baselines on the test questions of a log.

    The baselines are trained on the events before the cut. The figures are valid
    only for a model that has not learnt from the test events: train it with
    --set train.refit=train.
    """
    from tfrec.config import load_config  # TensorFlow: not needed for `--help`
    from tfrec.evaluation.markdown import with_interval
    from tfrec.evaluation.protocol import describe_protocol
    from tfrec.evaluation.report import write_report
    from tfrec.export.saved_recommender import SavedRecommender
    from tfrec.training.comparison import compare_reports, write_queries
    from tfrec.training.evaluation import judge_all, test_split
    from tfrec.training.log import load_run_data
    from tfrec.training.resolving import resolved

    console = Console()
    show_log()
    settings = load_config(config, override or ())
    data = load_run_data(settings)
    settings = resolved(settings, data)
    recommender = SavedRecommender(model, data.dataset.users)
    split = test_split(settings, data.interactions)
    repeats = settings.data.allow_repeats
    evaluations = judge_all(settings, recommender, data, split, None)
    report = write_report(
        out,
        evaluations,
        title=recommender.name,
        protocol=describe_protocol(split, repeats),
        bootstrap_samples=settings.evaluation.bootstrap_samples,
        seed=settings.evaluation.seed,
    )
    write_queries(out, evaluations)
    found = report["models"][0]["metrics"]["ndcg@10"]
    console.print(f"NDCG@10 {with_interval(found)}, 95 % interval in brackets.")
    if against:
        console.print(compare_reports(out, against, settings.evaluation.seed))
    console.print(f"Report: {out / 'report.md'}")


def main():
    """Entry point of `tfrec-evaluate`."""
    run_program(evaluate)


if __name__ == "__main__":
    main()
