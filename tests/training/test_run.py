"""Tests of tfrec.training.run and tfrec.training.trainer on the toy log."""

import dataclasses
import html
import json
import types
import weakref

import numpy as np
import pytest

from tests.scann_here import need_scann
from tests.toy_log import toy_config, write_toy_log
from tests.training.toy_fit import toy_dataset
from tfrec.config import load_config, to_json
from tfrec.data.schema import Items
from tfrec.errors import ConfigError, MissingPackageError, TrainingError
from tfrec.hybrid.weights import rescaled, tower_scale
from tfrec.plugins import INDEXES
from tfrec.retrieval.brute_force import BruteForceIndex
from tfrec.text.catalogue_cache import CatalogueCache
from tfrec.training import run as program
from tfrec.training import trainer as recipes
from tfrec.training.loop import fit
from tfrec.training.run_folder import claim
from tfrec.training.trainer import Recipe, set_up

FAST = ("model.text_encoder=none", "train.max_epochs=2", "evaluation.baselines=false")

# Of the towers' NDCG@10: scorers add to it, and showing new items may cost 10 %.
LEAST = 0.9


def test_report_of_the_toy_run(trained):
    stored = json.loads((trained.folder / "report.json").read_text())
    assert stored["models"] == trained.report["models"]
    facts = stored["details"]["training"]
    assert facts["examples_per_s"] > 0
    assert all(100 < peak < 100_000 for peak in facts["peak_memory_mb"].values())
    assert set(facts["text_cache"]) == {"hits", "misses"}
    stages = {"choose", "learn", "evaluate", "export"}
    assert set(facts["seconds"]) == set(facts["peak_memory_mb"]) == stages
    assert stored["details"]["data"]["events"] > 2000
    assert stored["details"]["config"]["model"]["text_encoder"] == "lstm"
    page = (trained.folder / "report.md").read_text()
    for figure in stored["figures"].values():
        assert (trained.folder / figure).stat().st_size > 1000
        assert figure in page


def test_evaluation_card_of_the_toy_run(trained):
    report = json.loads((trained.folder / "report.json").read_text())
    card = report["card"]
    assert card["stability"]["nothing_new"]["share_moved"] == 0
    assert card["stability"]["one_event"]["overlap"]["mean"] < 1
    assert 0 < card["interest"]["threshold"]["threshold"] < 1
    assert card["interest"]["threshold"]["source"].endswith("the validation part")
    drift = card["time"]["drift"]
    asked = sum(each["num_queries"] for each in drift)
    assert 0 < asked <= report["protocol"]["num_queries"]
    assert list(drift[0]["models"])[:2] == ["tfrec", "popularity"]
    stages = [each["stage"] for each in report["costs"]["stages"]]
    assert stages == ["choose", "learn", "evaluate", "export"]
    assert report["costs"]["total"]["watt_hours"] > 0
    page = (trained.folder / "report.html").read_text("utf-8")
    assert report["findings"][0]["words"] in html.unescape(page)


def test_saved_models_have_a_model_card(trained):
    ndcg = trained.report["models"][0]["metrics"]["ndcg@10"]["mean"]
    for folder in trained.models.values():
        card = (folder / "assets.extra" / "model_card.md").read_text("utf-8")
        assert card.startswith("---\nlicense: unknown")
        assert f"value: {ndcg:.4f}" in card


def test_ranks_better_than_popularity(trained):
    """With 10 places, of 60 items, popularity knows nothing of the four genres."""
    found = {m["name"]: m["metrics"]["ndcg@10"] for m in trained.report["models"]}
    assert found["tfrec"]["interval"][0] > 2 * found["popularity"]["interval"][1]
    assert found["tfrec"]["mean"] > found["mean text vector"]["mean"]


def test_named_events_are_worth_more_than_others(trained):
    """The toy's users like one genre at a time, whose events all say much alike."""
    found = trained.report["reasons"]
    assert found["num_questions"] > 100
    assert found["ratio"]["interval"][0] > 1
    assert found["is_larger"]["interval"][0] > 0.5


def test_every_scorer_is_chosen_on_validation(trained):
    facts = trained.report["details"]["training"]
    figures = facts["validation_ndcg@10"]
    assert figures["all scorers"] >= LEAST * figures["towers"]
    assert facts["scorer_weights"]["neural"] > 0


def test_manifest_tells_where_the_model_is_from(trained):
    for flavour, folder in trained.models.items():
        extra = folder / "assets.extra"
        manifest = json.loads((extra / "manifest.json").read_text())
        assert manifest["flavour"] == flavour
        assert manifest["data_digest"] == trained.report["details"]["data"]["digest"]
        assert manifest["config"] == trained.report["details"]["config"]
        assert manifest["texts"] == trained.report["details"]["texts"]
        figure = trained.report["models"][0]["metrics"]["ndcg@10"]
        assert manifest["metrics"]["tfrec"]["ndcg@10"] == figure


def make_recipe(folder, *overrides):
    dataset, interactions = toy_dataset()
    settings = (*FAST, "data.repeats=never", "evaluation.split=rolling", *overrides)
    config = load_config(overrides=toy_config(folder, "unused", *settings))
    set_up(config)
    cache = CatalogueCache(folder / "cache")
    recipe = Recipe(
        config, dataset.items, dataset.users, lambda _: None, cache, folder / "run"
    )
    return recipe, interactions


@pytest.fixture(scope="module")
def chosen(tmp_path_factory):
    """`(Recipe, Interactions, Choice)` without texts."""
    recipe, interactions = make_recipe(tmp_path_factory.mktemp("chosen"))
    return recipe, interactions, recipe.choose(interactions)


def test_choice(chosen):
    _, interactions, choice = chosen
    assert 100 < choice.num_queries < 0.1 * len(interactions) + 1
    assert choice.fit.best_epoch in (1, 2)
    assert choice.metric >= LEAST * max(choice.fit.metrics)
    # By chance, a target among the 44 or so unseen items has NDCG@10 of 0.10:
    # the mean of 1 / log2(1 + rank) over the ranks up to 10, times 10 / 44.
    assert choice.metric > 0.2


@pytest.mark.parametrize("split", ["rolling", "cold-items", "global"])
def test_a_tenth_of_the_items_is_new_to_validation(split, tmp_path, monkeypatch):
    """Of 60 items, which all have texts; of nothing told, nothing can be learnt."""
    learnt = []

    def stop(model, interactions, *folder, **how):
        learnt.append(len(set(interactions.item_rows)))
        raise TrainingError("Enough.")

    monkeypatch.setattr(recipes, "fit", stop)
    recipe, interactions = make_recipe(tmp_path, f"evaluation.split={split}")
    for items in (recipe.items, Items(recipe.items.frame[["item_id"]])):
        with pytest.raises(TrainingError, match="Enough"):
            dataclasses.replace(recipe, items=items).choose(interactions)
    assert learnt == [54, 60]


def test_fewer_questions_tell_epochs_less_apart(tmp_path, monkeypatch):
    """Global asks each user once, rolling each event."""
    ties = {}

    def stop(*args, tie, **how):
        ties[split] = tie
        raise TrainingError("Enough.")

    monkeypatch.setattr(recipes, "fit", stop)
    for split in ("rolling", "global"):
        recipe, interactions = make_recipe(tmp_path, f"evaluation.split={split}")
        with pytest.raises(TrainingError, match="Enough"):
            recipe.choose(interactions)
    assert 0 < ties["rolling"] < ties["global"] < 1


@pytest.mark.slow
def test_the_seed_decides(chosen, tmp_path):
    _, _, choice = chosen
    recipe, interactions = make_recipe(tmp_path)
    again = recipe.choose(interactions)
    np.testing.assert_allclose(again.fit.losses, choice.fit.losses, rtol=1e-4)
    np.testing.assert_allclose(again.metric, choice.metric, atol=0.02)


def test_learns_as_long_as_validation_chose(chosen):
    recipe, interactions, choice = chosen
    steps = []
    reporting = types.SimpleNamespace(stage=None)

    def report(stage):
        reporting.stage = stage
        return lambda *step: steps.append(step)

    model = Recipe(**{**vars(recipe), "report": report}).learn(
        interactions, choice, "test"
    )
    assert reporting.stage == "test"
    assert steps[-1][0] == choice.fit.best_epoch
    assert steps[-1][1] == steps[-1][2]
    expected = rescaled(choice.weights, choice.scale, tower_scale(model.towers))
    scorers = expected.of_known_items[expected.of_known_items != 0]
    np.testing.assert_allclose(model.weights.of_known_items, scorers, rtol=1e-4)
    assert model.weights.bias == pytest.approx(expected.bias, rel=1e-4)
    assert (recipe.folder / "test" / "checkpoints" / "checkpoint").exists()


@pytest.mark.slow
def test_learning_lets_the_chosen_model_go(tmp_path, monkeypatch):
    """Both at once would be twice the memory."""
    models, held = [], []

    def watched(model, *args, **how):
        held.append(sum(each() is not None for each in models))
        models.append(weakref.ref(model))
        return fit(model, *args, **how)

    monkeypatch.setattr(recipes, "fit", watched)
    recipe, interactions = make_recipe(tmp_path, "train.max_epochs=1")
    recipe.learn(interactions, recipe.choose(interactions), "test")
    assert held == [0, 0]


class TestBeginning:
    """What a run finds in its folder, and what it leaves there."""

    @pytest.fixture
    def begin(self, tmp_path, monkeypatch):
        """Begins a run in a folder with an old checkpoint, and gives its path."""
        data = write_toy_log(tmp_path / "data")
        config = load_config(overrides=toy_config(tmp_path, data, *FAST))
        folder = tmp_path / "runs" / "toy"
        old = folder / "test" / "checkpoints" / "checkpoint"
        claim(folder)
        claim(folder / "test")
        old.parent.mkdir()
        old.write_text("of an earlier run")
        (folder / "config.json").write_text(to_json(config))

        def stop(*_):
            raise TrainingError("far enough")

        monkeypatch.setattr(Recipe, "choose", stop)

        def run(resume):
            with pytest.raises(TrainingError, match="far enough"):
                program.run(config, resume)
            return old

        return run

    def test_a_new_run_forgets_the_old_checkpoints(self, begin):
        """Or `--resume` after a crash would go on from another run's."""
        assert not begin(resume=False).exists()

    def test_a_resumed_run_keeps_them(self, begin):
        assert begin(resume=True).exists()


class TestIndexes:
    def test_exact_is_always_written(self):
        assert program.choose_indexes("exact", 10**6) == ["exact"]
        need_scann()
        assert program.choose_indexes("scann", 10) == ["exact", "scann"]

    def test_auto_asks_whether_it_pays(self):
        assert program.choose_indexes("auto", 19_999) == ["exact"]
        need_scann()
        assert program.choose_indexes("auto", 20_000) == ["exact", "scann"]

    def test_none_and_one_of_ones_own(self):
        assert program.choose_indexes("none", 10**6) == []
        assert program.choose_indexes(BruteForceIndex, 10) == ["exact", BruteForceIndex]
        with pytest.raises(
            ConfigError, match=r"A candidate index must be one.*mean 'exact'"
        ):
            program.choose_indexes("exakt", 10)

    @pytest.fixture
    def without_scann(self, tmp_path, monkeypatch):
        """As where ScaNN is not installed, whatever has been imported here."""
        (tmp_path / "no_scann_here.py").write_text(
            "from tfrec.errors import MissingPackageError\n"
            "raise MissingPackageError('`scann` is needed')\n"
        )
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setitem(INDEXES._found, "scann", "no_scann_here:ScannIndex")
        monkeypatch.setattr(program.compat, "has_scann", lambda: False)

    def test_without_scann(self, without_scann):
        assert program.choose_indexes("auto", 100_000) == ["exact"]
        with pytest.raises(MissingPackageError, match="`scann` is needed"):
            program.choose_indexes("scann", 10)

    def test_a_missing_package_is_noticed_before_training(
        self, tmp_path, without_scann
    ):
        data = write_toy_log(tmp_path / "data")
        overrides = toy_config(tmp_path, data, *FAST, "export.index=scann")
        with pytest.raises(MissingPackageError, match="`scann` is needed"):
            program.run(load_config(overrides=overrides))
        assert not (tmp_path / "runs").exists()


def test_how_much_of_the_texts_was_read(trained):
    """The toy's LSTM has learnt each letter of them."""
    texts = {"encoder": "lstm", "unknown_tokens": 0.0, "scripts": {"Latin": 1.0}}
    assert trained.report["details"]["texts"] == texts
    sentence = (
        "## Texts\n\nItems' texts are read by `lstm`, which does not know 0.0% of "
        "their tokens. Letters: 100.0% Latin."
    )
    assert sentence in (trained.folder / "report.md").read_text("utf-8")
