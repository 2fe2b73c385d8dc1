"""The recipe: what is learnt, in which order, and what validation chooses."""

import dataclasses
import logging
import pathlib
from collections.abc import Callable

import numpy as np

from tfrec.config import Config
from tfrec.data.schema import Items, Users
from tfrec.data.split import make_split
from tfrec.evaluation.evaluate import mean_ndcg, strike_seen
from tfrec.model.blend import choose_weights
from tfrec.model.blocks import make_blocks
from tfrec.model.embedding import Embedding, Weighting
from tfrec.model.scoring import EmbeddingRecommender, TowerRecommender
from tfrec.model.two_tower import TwoTower, learns_repeats
from tfrec.text.catalogue_cache import CatalogueCache
from training.calibrate import labelled_pairs, probability_weights, score_scale
from training.fit import Fit, fit

logger = logging.getLogger(__name__)

MAX_VALIDATION_QUERIES = 4000


@dataclasses.dataclass(frozen=True)
class Choice:
    """What validation chose."""

    fit: Fit
    weighting: Weighting
    metric: float  # validation NDCG@10 of the whole embedding
    num_queries: int


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Trains a model on part of a log; the same for validation, test and export."""

    config: Config
    items: Items
    users: Users
    make_text_encoder: Callable  # gives a layer or None; a new one if it learns
    cache: CatalogueCache
    folder: pathlib.Path
    resume: bool = False
    report: Callable | None = None  # stage -> progress function of `fit`

    def choose(self, interactions):
        """Trains on all but the last events and lets those choose.

        Args:
            interactions: `Interactions` to learn from.

        Returns:
            `(Choice, Embedding)`.
        """
        how = self.config.evaluation
        repeats = learns_repeats(interactions, self.config.data.repeats)
        split = make_split(
            interactions,
            how.split,
            how.validation_fraction,
            allow_repeats=repeats,
            seed=self.config.train.seed,
            max_queries=MAX_VALIDATION_QUERIES,
        )
        model = self._adapted(split.train)

        towers = TowerRecommender(model)

        def validate():
            scores = towers.score(split.queries)
            if not repeats:
                strike_seen(scores, split.queries)
            return mean_ndcg(scores, split.queries)

        trained = self._fit(model, split.train, "choose", validate=validate)
        blocks = self._blocks(model, split.train)
        weights, metric = self._weigh(model, blocks, split.queries, repeats)
        weighting = self._calibrate(model, blocks, weights, interactions, split.cut)
        choice = Choice(trained, weighting, metric, len(split.queries))
        return choice, Embedding(model, blocks, weighting)

    def learn(self, interactions, choice, stage):
        """Trains on everything given, as validation chose.

        Args:
            interactions: `Interactions` to learn from.
            choice: `Choice`.
            stage: str, name of the sub-folder for checkpoints.

        Returns:
            `(Fit, Embedding)`.
        """
        model = self._adapted(interactions)
        epochs = choice.fit.best_epoch
        trained = self._fit(model, interactions, stage, num_epochs=epochs)
        blocks = self._blocks(model, interactions)
        return trained, Embedding(model, blocks, choice.weighting)

    def _adapted(self, interactions):
        model = TwoTower(self.config)
        return model.adapt(
            interactions, self.items, self.users, self.make_text_encoder(), self.cache
        )

    def _fit(self, model, interactions, stage, **how):
        return fit(
            model,
            interactions,
            self.folder / stage,
            resume=self.resume,
            report=self.report and self.report(stage),
            **how,
        )

    def _blocks(self, model, interactions):
        texts = model.item_texts.vectors
        return [
            block.fit(interactions, model.catalogue, texts)
            for block in make_blocks(self.config)
        ]

    def _weigh(self, model, blocks, queries, repeats):
        equal = Weighting(blocks=np.ones(len(blocks) + 1, np.float32))
        parts = EmbeddingRecommender(Embedding(model, blocks, equal))
        scores = parts.block_scores(queries)

        if not repeats:
            strike_seen(scores[0], queries)
        return choose_weights(scores, lambda blended: mean_ndcg(blended, queries))

    def _calibrate(self, model, blocks, weights, interactions, cut):
        seed = self.config.train.seed
        pairs = labelled_pairs(interactions, cut, seed)
        raw = Embedding(model, blocks, Weighting(blocks=weights))
        slope, bias = score_scale(raw, pairs)
        scaled = Weighting(blocks=weights * np.float32(slope), bias=bias)
        head, score, intercept = probability_weights(
            Embedding(model, blocks, scaled), pairs
        )
        return dataclasses.replace(
            scaled, head_slope=head, score_slope=score, intercept=intercept
        )
