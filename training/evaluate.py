"""Judges a saved model on a log: `python -m training.evaluate CONFIG --model DIR`."""

import dataclasses
import pathlib
from typing import Annotated

import typer
from rich.console import Console

from tfrec.program import run_program, show_log
from training.options import ConfigFile, Overrides, ReportFolder, SavedModel

MAX_PAIRS = 1000  # reactions whose probabilities are asked for


def evaluate(
    config: ConfigFile,
    model: SavedModel,
    out: ReportFolder,
    override: Overrides = None,
    against: Annotated[
        pathlib.Path | None,
        typer.Option(
            "--against",
            "--compare",
            help="Folder of another report on the same questions, to compare figures "
            "and lists with.",
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
    from tfrec.evaluation.report import write_report
    from tfrec.export.saved_recommender import SavedRecommender
    from tfrec.training.comparison import write_queries
    from tfrec.training.costs import Costs
    from tfrec.training.log import load_run_data
    from tfrec.training.resolving import resolved

    console, costs = Console(), Costs()
    show_log()
    settings = load_config(config, override or ())
    data = load_run_data(settings)
    settings = resolved(settings, data)
    recommender = SavedRecommender(model, data.dataset.users)
    with costs.of("evaluate"):
        evaluations, facts = _judge(settings, data, recommender)
    facts["details"]["costs"] = vars(costs)
    report = write_report(out, evaluations, title=recommender.name, **facts)
    write_queries(out, evaluations, data.interactions.item_ids)
    found = report["models"][0]["metrics"]["ndcg@10"]
    console.print(f"NDCG@10 {with_interval(found)}, 95 % interval in brackets.")
    if against:
        console.print(_compare(settings, report, out, against))
    console.print(f"Report: {out / 'report.md'}")
    console.print(f"Evaluation card: {out / 'report.html'}")


def _judge(settings, data, recommender):
    """`Evaluation`s, ours first, and the further facts of `write_report`."""
    from tfrec.evaluation.protocol import describe_protocol
    from tfrec.export.manifest import PACKAGES, versions
    from tfrec.training.evaluation import judge_all, make_card, test_split
    from tfrec.training.run import data_facts

    split = test_split(settings, data.interactions)
    evaluations = judge_all(settings, recommender, data, split, None)
    interest, examples = _interest(settings, data, split, recommender)
    how = (recommender, evaluations, None, examples)
    return evaluations, {
        "protocol": describe_protocol(split, settings.data.allow_repeats),
        "interest": interest,
        "card": make_card(settings, data, split, *how),
        "details": {
            "config": dataclasses.asdict(settings),
            "data": data_facts(data),
            "versions": dict(versions(PACKAGES)),
        },
        "bootstrap_samples": settings.evaluation.bootstrap_samples,
        "seed": settings.evaluation.seed,
    }


def _interest(settings, data, split, recommender):
    """`InterestEvaluation` and `Examples`; None for models that tell no threshold."""
    from tfrec.evaluation.interest import InterestEvaluation
    from tfrec.training.calibration import labelled_pairs
    from tfrec.training.evaluation import examples_of

    known = recommender.manifest.get("interest")
    if known is None:
        return None, None
    pairs = labelled_pairs(
        data.interactions,
        split.held_out,
        settings.evaluation.seed,
        settings.data.allow_repeats,
        known["zeros"] == "refused",
        MAX_PAIRS,
    )
    found = {recommender.name: recommender.probabilities(pairs.queries)}
    users = pairs.queries.user_rows
    interest = InterestEvaluation(pairs.labels, users, found, pairs.is_explicit)
    return interest, examples_of(settings, pairs, interest, known["threshold"])


def _compare(settings, report, out, against):
    """A sentence on the figures; how alike the lists are goes into the report."""
    from tfrec.evaluation.report import write_pages
    from tfrec.training.comparison import compare_lists, compare_reports

    how = settings.evaluation
    words = compare_reports(out, against, how.seed)
    alike = compare_lists(out, against, how.bootstrap_samples, how.seed)
    if alike is None:
        return f"{words} Lists are not compared, because {against} kept none."
    report["card"]["stability"]["versions"] = alike
    write_pages(out, report)
    stays = alike["overlap"]["mean"]
    return f"{words} Of the items of a list, {stays:.1%} are in the other one as well."


def main():
    """Entry point of `tfrec-evaluate`."""
    run_program(evaluate)


if __name__ == "__main__":
    main()
