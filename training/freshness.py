"""What fresh interests are worth: `python -m training.freshness CONFIG --model DIR`."""

from rich.console import Console

from tfrec.program import run_program, show_log
from training.options import ConfigFile, Overrides, ReportFolder, SavedModel


def freshness(
    config: ConfigFile,
    model: SavedModel,
    out: ReportFolder,
    override: Overrides = None,
):
    """Measures how much older histories lower the figures of a saved model.

    The test questions are asked with live, delayed and frozen histories. EASE gets the
    same histories. Interest vectors of the model follow the events without a history;
    their settings are chosen on events before the cut and written to interest.json. The
    figures are valid only for a model that has not learnt from the test events: train
    it with --set train.refit=train.
    """
    from tfrec.baselines.ease import ease_decay
    from tfrec.config import load_config  # TensorFlow: not needed for `--help`
    from tfrec.evaluation.late import late_versions
    from tfrec.export.saved_recommender import SavedRecommender
    from tfrec.training.evaluation import judge_one, test_split
    from tfrec.training.interest_vectors import InterestVectors, choose_settings
    from tfrec.training.log import load_run_data
    from tfrec.training.resolving import resolved
    from training.freshness_report import write_freshness

    console = Console()
    show_log()
    settings = load_config(config, [*(override or ()), "evaluation.split=rolling"])
    data = load_run_data(settings)
    settings = resolved(settings, data)
    split = test_split(settings, data.interactions)
    ours = SavedRecommender(model, data.dataset.users)
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
