"""The recipe: what is learnt, in which order, and what validation chooses."""

import dataclasses
import functools
import gc
import logging
import pathlib
from collections.abc import Callable

import keras
import numpy as np

from tfrec.config import Config
from tfrec.data.schema import Items, Users
from tfrec.data.split import make_split, withhold_items
from tfrec.evaluation.card.threshold import best_threshold
from tfrec.evaluation.evaluate import mean_ndcg
from tfrec.graphs import deterministic_ops
from tfrec.hybrid.live_weights import choose_live_weights
from tfrec.hybrid.offline_scores import TowerRecommender
from tfrec.hybrid.scorer_choice import choose_scorers
from tfrec.hybrid.search_weight import choose_search_weight
from tfrec.hybrid.weights import TowerScale, Weights, rescaled, tower_scale
from tfrec.linear.registry import ScorerSettings
from tfrec.text.catalogue_cache import CatalogueCache
from tfrec.text.factory import make_text_encoder
from tfrec.text.precomputed import precomputed_encoders
from tfrec.text.prefixed import with_prefixes
from tfrec.threads import one_blas_thread
from tfrec.training.building import make_hybrid, make_towers
from tfrec.training.calibration import (
    LabelPlan,
    calibrate,
    explicit_negatives,
    labelled_pairs,
    probabilities,
)
from tfrec.training.loop import Fit, fit
from tfrec.training.run_folder import claim
from tfrec.training.text_calibration import calibrate_texts

logger = logging.getLogger(__name__)

MAX_SCORES = 400_000_000  # of the towers on validation: queries x items
VALIDATION_QUERIES = (500, 4000)  # least and most


@dataclasses.dataclass(frozen=True)
class Choice:
    """What validation chose."""

    fit: Fit
    names: list  # of the scorers, the towers first
    settings: ScorerSettings
    weights: Weights
    scale: TowerScale  # of the towers that the weighting was chosen with
    metric: float  # validation NDCG@10 of the whole embedding
    num_queries: int
    labels: LabelPlan  # what the probabilities are calibrated on
    num_labels: tuple  # of them, positive and negative
    threshold: float = 0.5  # of P(interest), with the best F1 on them


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Trains a model on part of a log; the same for validation, test and export."""

    config: Config
    items: Items
    users: Users
    make_text_encoder: Callable  # of texts; gives a layer or None, new if it learns
    cache: CatalogueCache
    folder: pathlib.Path
    resume: bool = False
    report: Callable | None = None  # stage -> progress function of `fit`
    watch: Callable = lambda metric: None  # is told each validation NDCG@10

    @one_blas_thread()
    def choose(self, interactions, negatives=None):
        """Trains on all but the last events and lets those choose.

        Args:
            interactions: `Interactions` to learn from.
            negatives: dict of other parts of the log, which will be judged, to the
                explicit negatives that they have.

        Returns:
            `Choice`.
        """
        how = self.config.evaluation
        repeats = self.config.data.allow_repeats
        split, is_withheld = self._validation(interactions, repeats)
        model = make_hybrid(self.config, self._adapted(split.train))

        def validate():
            ranked = TowerRecommender(model.towers)
            metric = mean_ndcg(ranked, split.queries, repeats)
            self.watch(metric)
            return metric

        error = len(split.queries) ** -0.5  # standard error of NDCG, about, over it
        settings = self.config.train
        validation = {"validate": validate, "tie": error}
        trained = self._fit(model.towers, split.train, "choose", settings, **validation)
        settings, metric = choose_scorers(model, split.train, split.queries)
        model.choose_text_weight(split.queries)
        choose_search_weight(model, split.queries)
        choose_live_weights(model, split.train, split.queries, split.held_out)
        held_out = (interactions, split.held_out, how.seed, repeats)
        found = explicit_negatives(*held_out, items=~is_withheld)
        labels = LabelPlan({"validation": found, **(negatives or {})})
        pairs = labelled_pairs(*held_out, labels.is_explicit, items=~is_withheld)
        calibrate(model, pairs)
        calibrate_texts(model, pairs)
        hybrid = model.hybrid_scorer()
        return Choice(
            fit=trained,
            names=["neural", *(scorer.name for scorer in model.scorers)],
            settings=settings,
            weights=model.weights,
            scale=tower_scale(model.towers),
            metric=metric,
            num_queries=len(split.queries),
            labels=labels,
            num_labels=pairs.counts,
            threshold=best_threshold(pairs.labels, probabilities(hybrid, pairs)),
        )

    def _validation(self, interactions, repeats):
        """`(Split, is_withheld)`: any log may have new items when it is served."""
        how = self.config.evaluation
        split = make_split(
            interactions,
            "rolling" if how.split == "cold-items" else how.split,
            how.validation_fraction,
            allow_repeats=repeats,
            seed=how.seed,
            max_queries=_num_queries(interactions.num_items),
        )
        has_content = self.items.texts != ""
        return withhold_items(split, has_content, how.validation_fraction, how.seed)

    @one_blas_thread()
    def learn(self, interactions, choice, stage):
        """Trains on everything given, as validation chose.

        Args:
            interactions: `Interactions` to learn from.
            choice: `Choice`.
            stage: str, name of the sub-folder for checkpoints.

        Returns:
            Trained `HybridModel`.
        """
        model = make_hybrid(self.config, self._adapted(interactions))
        epochs = choice.fit.best_epoch
        settings = dataclasses.replace(self.config.train, max_epochs=epochs)
        self._fit(model.towers, interactions, stage, settings)
        weighting = rescaled(choice.weights, choice.scale, tower_scale(model.towers))
        model.fit_scorers(interactions, choice.settings, choice.names[1:], weighting)
        return model

    def _adapted(self, interactions):
        gc.collect()  # an earlier model: it is in cycles with its functions, and large
        encoder, of_queries = self._encoders(interactions)
        how = (self.items, self.users, encoder, self.cache, of_queries)
        return make_towers(self.config).adapt(interactions, *how)

    def _encoders(self, interactions):
        """Text encoders of items and of what people write, None for the same."""
        if self.config.model.text_encoder == "precomputed":
            return precomputed_encoders(self.items)
        how, texts = self.config.text, self._texts(interactions)
        encoder = self.make_text_encoder(texts)
        of_queries = None if how.shared else self.make_text_encoder(texts)
        return with_prefixes(encoder, of_queries, how)

    def _texts(self, interactions):
        """Texts of both sides that may be known: of events, those before the end."""
        sides = [self.items.texts]
        if self.users is not None:
            sides.append(self.users.frame["text"].to_numpy(object))
        written = interactions.event_texts
        if written is not None:
            is_known = written.timestamps <= interactions.timestamps.max()
            sides.append(written.texts[np.unique(written.text_rows[is_known])])
        return np.concatenate(sides)

    def _fit(self, towers, interactions, stage, settings, **how):
        claim(self.folder / stage)
        with deterministic_ops(settings.deterministic):
            return fit(
                towers,
                interactions,
                self.folder / stage,
                settings,
                resume=self.resume,
                report=self.report and self.report(stage),
                **how,
            )


def set_up(config):
    """Seeds and precision: what holds for the whole process."""
    keras.utils.set_random_seed(config.train.seed)
    policy = "mixed_bfloat16" if config.train.mixed_precision else "float32"
    keras.mixed_precision.set_global_policy(policy)


def make_recipe(config, data, folder, resume=False, report=None):
    """The `Recipe` of a configuration for a log.

    Args:
        config: `Config`.
        data: `RunData`.
        folder: path of the run; the cache of text vectors is beside it.
        resume: whether to go on from the checkpoints in `folder`.
        report: stage -> progress function of `tfrec.training.loop.fit`, or None.
    """
    items, users = data.dataset.items, data.dataset.users
    make = _encoder_maker(config, items.texts)
    cache = CatalogueCache(folder.parent / "text_cache")
    return Recipe(config, items, users, make, cache, folder, resume, report)


def _encoder_maker(config, catalogue_texts):
    """What gives a text encoder for texts: each time the same one if none learns."""
    make = functools.partial(make_text_encoder, config)
    how = config.model.text_encoder
    if how not in ("bert", "none") or config.text.trainable_layers:
        return make
    only = functools.cache(functools.partial(make, catalogue_texts))
    return lambda texts: only()


def _num_queries(num_items):
    least, most = VALIDATION_QUERIES
    return min(most, max(least, MAX_SCORES // num_items))
