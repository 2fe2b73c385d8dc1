"""A whole run: from a configuration to a report and saved models."""

import dataclasses
import logging
import pathlib

from tfrec import compat
from tfrec.config import to_json
from tfrec.evaluation.log_words import words_of_log
from tfrec.evaluation.report import write_pages, write_report
from tfrec.export.manifest import PACKAGES, versions
from tfrec.export.saved_model import export
from tfrec.garbage import collecting_new_only
from tfrec.plugins import INDEXES
from tfrec.retrieval.scann_settings import EXACT_BELOW
from tfrec.text.readability import TextReading, read_texts_with
from tfrec.training.calibration import explicit_negatives
from tfrec.training.comparison import write_queries
from tfrec.training.costs import Costs
from tfrec.training.diagnosis import diagnose
from tfrec.training.evaluation import Judged, judge, test_split
from tfrec.training.log import load_run_data
from tfrec.training.progress import progress_lines
from tfrec.training.resolving import resolved
from tfrec.training.run_folder import begin, check
from tfrec.training.trainer import Choice, make_recipe, set_up

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class RunResult:
    """Where everything was written, and how good it is."""

    folder: pathlib.Path  # of the report
    report: dict
    models: list  # version folders of the saved models
    warnings: list  # of the self-diagnosis, sentences


@dataclasses.dataclass(frozen=True)
class Trial:
    """What is known of a model that learnt from a part of the log, by the rest."""

    choice: Choice
    judged: Judged
    warnings: list  # of the self-diagnosis, sentences
    costs: Costs  # of the stages; refit and export are added
    reading: TextReading | None  # of the items' texts, None where none are read


@collecting_new_only()
def run(config, resume=False, report=progress_lines):
    """Trains, evaluates and exports.

    Args:
        config: `Config`.
        resume: whether to go on from the checkpoints in the run's folder.
        report: stage -> progress function of `training.loop.fit`; lines in the log if
            nothing else is said, nothing for None.

    Returns:
        `RunResult`.

    Raises:
        TfrecError: whatever went wrong, in words.
    """
    folder = pathlib.Path(config.run.folder) / config.run.name
    check(folder)
    set_up(config)
    data = load_run_data(config)
    indexes = choose_indexes(config.export.index, data.interactions.num_items)
    begin(folder, to_json(config), data.digest, resume)
    config = resolved(config, data)
    recipe = make_recipe(config, data, folder, resume, report)
    trial, model = try_out(recipe, data)
    if indexes and config.train.refit == "all":
        del model  # two of them are too large
        with trial.costs.of("refit"):
            model = recipe.learn(data.interactions, trial.choice, "final")
    logger.info("Writing the report to %s.", folder)
    evaluations = trial.judged.evaluations
    content = write_report(folder, evaluations, **report_facts(recipe, data, trial))
    write_queries(folder, evaluations, data.interactions.item_ids)
    metrics = {evaluations[0].name: content["models"][0]["metrics"]}
    models = []
    if indexes:
        with trial.costs.of("export"):
            models = export(
                model,
                config.export.folder,
                config.run.name,
                indexes=indexes,
                recall=config.export.recall,
                quantize=config.export.quantize,
                facts=manifest_facts(config, data, model, metrics)
                | {"interest": interest_facts(trial.choice)},
                report=content,
            )
        content["details"]["training"] |= vars(trial.costs)
        write_pages(folder, content)
    return RunResult(folder, content, models, trial.warnings)


def choose_indexes(index, num_items):
    """Which indexes to write a saved model with, the exact one first.

    Args:
        index: name in `tfrec.plugins.INDEXES`, or a class of one's own: that, and the
            exact one, which any server runs; `"auto"`: ScaNN's, for a catalogue that is
            large enough to gain, where ScaNN is installed; or `"none"`.
        num_items: int.

    Returns:
        List of names and classes; empty for none.

    Raises:
        ConfigError: there is no such index.
        MissingPackageError: it needs a package that is not installed.
    """
    if index == "none":
        return []
    if index == "auto":
        gains = num_items >= EXACT_BELOW and compat.has_scann()
        index = "scann" if gains else "exact"
    if isinstance(index, str):
        INDEXES[index]  # refused now, not after the training
    return [*dict.fromkeys(("exact", index))]


def reading_of(model):
    """The `TextReading` of a `HybridModel`'s catalogue by its text encoder, or None."""
    towers = model.towers
    return read_texts_with(towers.text_encoder, towers.catalogue.texts)


def text_facts(config, reading):
    """Which encoder reads the texts, and how much of them, for report and manifest."""
    if reading is None:
        return {}
    kind, preset = config.model.text_encoder, config.text.preset
    return {"encoder": preset if kind == "bert" else kind, **vars(reading)}


def manifest_facts(config, data, model, metrics=None):
    """What a saved model's manifest says of its training."""
    return {
        "metrics": metrics or {},
        "data_digest": data.digest,
        "has_times": data.interactions.has_times,
        "texts": text_facts(config, reading_of(model)),
        "live_weights": live_weights(model.weights),
        "probability_of": model.weights.probability_of,
        "config": dataclasses.asdict(config),
    }


def interest_facts(choice):
    """What probabilities were calibrated on, and from where on they mean yes."""
    zeros = "refused" if choice.labels.is_explicit else "drawn at random"
    return {"zeros": zeros, "threshold": choice.threshold}


def live_weights(weights):
    """What live counts of events weigh in scores, for report and manifest."""
    return dict(zip(("level", "rise"), weights.live, strict=True))


def try_out(recipe, data):
    """Trains on what lies before the test part of a log, and judges on that part.

    Args:
        recipe: `Recipe` of a resolved configuration.
        data: `RunData`.

    Returns:
        `(Trial, HybridModel)`: the model that was judged, and what is known of it.
    """
    config = recipe.config
    costs = Costs()
    split = test_split(config, data.interactions)
    with costs.of("choose"):
        choice = recipe.choose(split.train, {"test": _refused(config, data, split)})
    with costs.of("learn"):
        model = recipe.learn(split.train, choice, "test")
    with costs.of("evaluate"):
        judged = judge(config, data, split, model, choice)
    reading = reading_of(model)
    warnings = diagnose(choice, model, judged, split, reading)
    return Trial(choice, judged, warnings, costs, reading), model


def report_facts(recipe, data, trial):
    """What a report says beside the evaluations, as `make_report` takes it."""
    config, fit = recipe.config, trial.choice.fit
    epochs = zip(fit.losses, fit.metrics, strict=True)
    details = {
        "config": dataclasses.asdict(config),
        "training": _training_facts(recipe, trial),
        "data": data_facts(data),
        "warnings": trial.warnings,
        "texts": text_facts(config, trial.reading),
        "versions": dict(versions(PACKAGES)),
    }
    if words := words_of_log(data.dataset.items, data.interactions):
        details["words"] = words
    return {
        "title": config.run.name,
        "protocol": trial.judged.protocol,
        "interest": trial.judged.interest,
        "deletions": trial.judged.deletions,
        "card": trial.judged.card,
        "history": [{"loss": loss, "ndcg@10": metric} for loss, metric in epochs],
        "details": details,
        "bootstrap_samples": config.evaluation.bootstrap_samples,
        "seed": config.evaluation.seed,
    }


def _training_facts(recipe, trial):
    choice = trial.choice
    known, new = choice.weights.stacked
    item_to_item = choice.settings.item_to_item
    return {
        "best_epoch": choice.fit.best_epoch,
        "validation_ndcg@10": {
            "towers": choice.fit.best_metric,
            "all scorers": choice.metric,
        },
        "scorer_weights": dict(zip(choice.names, known.tolist(), strict=True)),
        "new_item_weights": dict(zip(choice.names, new.tolist(), strict=True)),
        "repeat_weights": list(choice.weights.repeat),
        "event_text_weight": choice.weights.event_texts,
        "search_weight": choice.weights.search,
        "live_weights": live_weights(choice.weights),
        "half_lives": list(item_to_item.half_lives),
        "item_to_item_dim": item_to_item.dim,
        "learns_order": item_to_item.is_ordered,
        "bm25_dim": choice.settings.bm25_dim,
        "labels": {
            "probability_of": choice.weights.probability_of,
            "zeros": interest_facts(choice)["zeros"],
            "explicit_negatives": choice.labels.negatives,
            "calibrated_on": dict(
                zip(("positive", "negative"), choice.num_labels, strict=True)
            ),
        },
        "examples_per_s": choice.fit.examples_per_s,
        "text_cache": {"hits": recipe.cache.hits, "misses": recipe.cache.misses},
        **vars(trial.costs),
    }


def data_facts(data):
    """Name, digest and sizes of the log, for the report."""
    log = data.interactions
    return {
        "name": data.dataset.name,
        "digest": data.digest,
        "events": len(log),
        "has_times": log.has_times,
        "duplicates_removed": data.num_duplicates,
        "users": log.num_users,
        "items": log.num_items,
    }


def _refused(config, data, split):
    """Explicit negatives of the part that the report is about."""
    repeats = config.data.allow_repeats
    return explicit_negatives(
        data.interactions, split.held_out, config.evaluation.seed, repeats
    )
