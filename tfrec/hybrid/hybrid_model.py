"""Trained towers with the closed-form scorers beside them, and their weights."""

import dataclasses

import numpy as np

from tfrec.data.repeats import without_other_targets
from tfrec.evaluation.evaluate import mean_ndcg
from tfrec.hybrid.hybrid_scorer import HybridScorer
from tfrec.hybrid.offline_scores import HybridRecommender
from tfrec.hybrid.query_sides import QuerySides
from tfrec.hybrid.weight_search import choose_weights
from tfrec.hybrid.weights import Weights
from tfrec.linear.popularity import PopularityScorer
from tfrec.linear.registry import ScorerSettings, make_popularity, make_scorers
from tfrec.progress import tracked

TEXT_WEIGHTS = (1.0, 0.25, 0.5, 2.0, 4.0)  # of equals, the first


class HybridModel:
    """What a saved model is made of: towers, closed-form scorers, weights.

    Args:
        towers: `TwoTower` that has its catalogue.
        scorer_names: list of strings, of those in `tfrec.plugins.SCORERS`: the scorers
            that may stand beside the towers.
        settings: `ScorerSettings` that validation begins with; None for the defaults.
        new_item_cost: float, share of the known items' NDCG@10 that new ones may take.

    Attributes:
        is_weighed: whether weights were chosen on validation.
        is_calibrated: whether probabilities were.
    """

    def __init__(
        self,
        towers,
        scorer_names=("item_to_item", "bm25", "popularity", "rating_factors"),
        settings=None,
        new_item_cost=0.1,
    ):
        self.towers, self.scorer_names = towers, list(scorer_names)
        self.new_item_cost = new_item_cost
        self.initial_settings = settings or ScorerSettings(bm25_dim=towers.bm25_dim)
        self.is_weighed = self.is_calibrated = False
        self.scorers, self.weights = [], Weights(of_known_items=np.ones(1, np.float32))
        self.popularity = None  # fitted, if live counts are to be compared with it

    def fit_scorers(
        self, interactions, settings=None, names=None, weighting=None, fitted=()
    ):
        """Fits closed-form scorers.

        Args:
            interactions: the `Interactions` that the towers learn from.
            settings: `ScorerSettings`, or None for the first choice.
            names: list of the scorers' names, or None for those of the model that
                the log can teach.
            weighting: `Weights` of towers and scorers, whose scorers of weight 0 are
                left out of the model; or None for equal weights.
            fitted: list of `Scorer`s of this log and these settings, which are not
                fitted again.

        Returns:
            The model itself.
        """
        towers = self.towers
        settings = settings or self.initial_settings
        candidates = self.scorer_names if names is None else names
        scorers = make_scorers(candidates, settings, towers.seed, towers.words)
        if names is None:
            scorers = [each for each in scorers if each.can_learn(interactions)]
        self.is_weighed = self.is_calibrated = weighting is not None
        if weighting is None:
            weighting = Weights(of_known_items=np.ones(len(scorers) + 1, np.float32))
        interactions = without_other_targets(interactions, towers.allow_repeats)
        of_interest = towers.kinds.interactions_of_interest(interactions)
        texts = towers.texts.items.vectors
        ready = {scorer.name: scorer for scorer in fitted}
        counting = zip(scorers, weighting.query_weights[1:], strict=True)
        self.scorers = [
            ready.get(scorer.name)
            or scorer.fit(
                interactions if scorer.reads_dislikes else of_interest,
                towers.catalogue,
                texts,
            )
            for scorer in tracked([b for b, w in counting if w != 0], "Fitting scorers")
        ]
        self.weights = weighting.without_useless()
        self.popularity = None
        if any(self.weights.live):
            self.fit_popularity(interactions)
        return self

    def fit_popularity(self, interactions):
        """Fits what live counts are compared with: a scorer, or one that is none.

        Args:
            interactions: as of `fit_scorers`.
        """
        own = [each for each in self.scorers if isinstance(each, PopularityScorer)]
        if not own:
            towers, made = self.towers, make_popularity(self.initial_settings, 0, None)
            known = without_other_targets(interactions, towers.allow_repeats)
            texts = towers.texts.items.vectors
            own = [made.fit(known, towers.catalogue, texts)]
        self.popularity = own[0]

    def choose_weights(self, queries, sides=None):
        """Chooses the weights of towers and scorers.

        Args:
            queries: `Queries` from after the events that the model learnt from.
            sides: `QuerySides` of the towers and these queries, or None; with it, no
                part is asked twice.

        Returns:
            What they reach: `tfrec.hybrid.weight_search.ValidationScores`.
        """
        repeats = self.towers.allow_repeats
        how = (repeats, self.new_item_cost, self.towers.seed)
        sides = sides or QuerySides(self.towers, queries)
        self.weights, reached = choose_weights(self.scorers, sides, *how)
        self.is_weighed = True
        return reached

    def choose_text_weight(self, queries):
        """Chooses how much texts of events count beside their items.

        Where they teach nothing they keep a little weight: a search of today may be of
        a kind that the log does not have.

        Args:
            queries: `Queries` from after the events that the model learnt from.
        """
        if not self.towers.has_event_texts:
            return
        repeats, weights = self.towers.allow_repeats, self.weights

        def reached(weight):
            self.weights = dataclasses.replace(weights, event_texts=weight)
            ranked = HybridRecommender(self.hybrid_scorer())
            return mean_ndcg(ranked, queries, repeats)

        best = max(TEXT_WEIGHTS, key=reached)
        self.weights = dataclasses.replace(weights, event_texts=best)

    def skipped(self):
        """Sentences about steps of the recipe that this model went without."""
        steps = {
            "The weights of towers and scorers were not chosen (`choose_weights`), so "
            "all count alike.": self.is_weighed,
            "Probabilities were not calibrated (`training.calibration.calibrate`), "
            "so they order items but are no shares of people.": self.is_calibrated,
        }
        return [words for words, is_done in steps.items() if not is_done]

    def hybrid_scorer(self):
        """Towers and scorers as one `HybridScorer`, as they are now."""
        return HybridScorer(self.towers, self.scorers, self.weights, self.popularity)
