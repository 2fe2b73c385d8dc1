"""Searches for better settings on validation: `python -m training.tune CONFIG.toml`."""

import dataclasses
import functools
import json
import logging
import pathlib
from typing import Annotated

import typer

from tfrec.config import Config
from tfrec.optional import import_optional
from tfrec.program import run_program, show_log
from tfrec.training.run_folder import check, claim
from training.options import ConfigFile, Overrides

logger = logging.getLogger(__name__)

STORAGE, BEST = "tune.db", "tuned.toml"
SPACE = {  # (least, most), log-scaled, or a list of choices
    "train.learning_rate": (1e-3, 1e-2),
    "train.weight_decay": (1e-3, 0.1),
    "train.interest_weight": (0.05, 1.0),
    "train.batch_size": [32, 64, 128],
    "model.embedding_dim": [32, 64, 128],
    "model.window_length": [25, 50, 100],
    "model.num_layers": [1, 2],
    "model.dropout": [0.1, 0.2, 0.3, 0.4, 0.5],
    "model.id_dropout": [0.2, 0.5, 0.8],
    "model.history_encoder": ["attention", "lstm"],
    "model.item_to_item_dim": [32, 64, 128],
}


def search(config, num_trials, objective):
    """Tries settings of `SPACE`; those of the configuration itself come first.

    Args:
        config: `Config`; its run's folder keeps the search, which goes on there.
        num_trials: int, trials of this call.
        objective: function of a `Config` and a watcher, which is to be called with
            each epoch's validation NDCG@10; it gives the final one.

    Returns:
        `(Config, NDCG@10)`, the best so far.
    """
    optuna = import_optional(
        "optuna", "a search for settings", "Install the extra `tune`."
    )
    folder = pathlib.Path(config.run.folder) / config.run.name
    check(folder)
    claim(folder)
    study = optuna.create_study(
        storage=f"sqlite:///{folder / STORAGE}",
        study_name=config.run.name,
        direction="maximize",
        load_if_exists=True,
        sampler=optuna.samplers.TPESampler(seed=config.train.seed),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=2),
    )
    own = {name: _get(config, name) for name in SPACE}
    if not study.trials:
        study.enqueue_trial(own)

    def run_trial(trial):
        settings = {name: _suggest(trial, name, own[name]) for name in SPACE}
        epochs = iter(range(config.train.max_epochs))

        def watch(metric):
            trial.report(metric, next(epochs))
            if trial.should_prune():
                raise optuna.TrialPruned

        return objective(_with(config, settings), watch)

    study.optimize(run_trial, n_trials=num_trials)
    return _with(config, study.best_params), study.best_value


def _suggest(trial, name, own):
    """A setting from its domain, widened to hold the configuration's own."""
    domain = SPACE[name]
    if isinstance(domain, list):
        return trial.suggest_categorical(name, sorted({*domain, own}))
    low, high = min(domain[0], own), max(domain[1], own)
    return trial.suggest_float(name, low, high, log=True)


def _get(config, name):
    section, key = name.split(".")
    return getattr(getattr(config, section), key)


def _with(config, settings):
    for name, value in settings.items():
        section, key = name.split(".")
        changed = dataclasses.replace(getattr(config, section), **{key: value})
        config = dataclasses.replace(config, **{section: changed})
    return config


def to_toml(config):
    """What of a configuration differs from the defaults, as `load_config` reads it."""
    sections = []
    for section in dataclasses.fields(config):
        ours, default = (getattr(each, section.name) for each in (config, Config()))
        lines = [
            f"{key} = {_toml_value(value)}"
            for key, value in vars(ours).items()
            if value != getattr(default, key)
        ]
        if lines:
            sections.append("\n".join([f"[{section.name}]", *lines]))
    return "\n\n".join(sections) + "\n"


def _toml_value(value):
    if isinstance(value, dict):
        pairs = (f"{json.dumps(k)} = {_toml_value(v)}" for k, v in value.items())
        return "{" + ", ".join(pairs) + "}"
    return json.dumps(value, ensure_ascii=False)


def validation_ndcg(data, config, watch):
    """NDCG@10 that a configuration reaches on the validation part of the log.

    Args:
        data: `RunData`.
        config: `Config`.
        watch: function that is called with each epoch's NDCG@10.
    """
    from tfrec.training.evaluation import test_split
    from tfrec.training.resolving import resolved
    from tfrec.training.trainer import make_recipe, set_up

    set_up(config)
    config = resolved(config, data)
    folder = pathlib.Path(config.run.folder) / config.run.name
    recipe = dataclasses.replace(make_recipe(config, data, folder), watch=watch)
    return recipe.choose(test_split(config, data.interactions).train).metric


def tune(
    config: ConfigFile,
    trials: Annotated[
        int, typer.Option(min=1, help="Number of trials of this call.")
    ] = 20,
    override: Overrides = None,
):
    """Searches for better settings on the validation part of a log.

    The test part is not used. The search is kept in runs/NAME/tune.db and continues
    when called again. The best settings so far are written to runs/NAME/tuned.toml,
    for training.train. A trial that is worse than half of the others at the same epoch
    ends early.
    """
    from tfrec.config import load_config  # TensorFlow, below: not for `--help`
    from tfrec.files import replacing
    from tfrec.training.log import load_run_data

    show_log()
    settings = load_config(config, override or ())
    data = load_run_data(settings)
    objective = functools.partial(validation_ndcg, data)
    best, metric = search(settings, trials, objective)
    path = pathlib.Path(settings.run.folder) / settings.run.name / BEST
    with replacing(path) as aside:
        aside.write_text(to_toml(best), encoding="utf-8")
    print(f"Best settings so far: {path}, NDCG@10 {metric:.4f} on validation.")


def main():
    """Entry point of `tfrec-tune`."""
    run_program(tune)


if __name__ == "__main__":
    main()
