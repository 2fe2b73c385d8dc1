"""Trained towers with the closed-form scorers beside them, and their weights."""

import numpy as np

from tfrec.data.repeats import without_other_targets
from tfrec.hybrid.hybrid_scorer import Embedding
from tfrec.hybrid.weight_choice import weigh
from tfrec.hybrid.weights import Weighting
from tfrec.linear.registry import first_form, make_blocks, teachable
from tfrec.progress import tracked


class HybridModel:
    """What a saved model is made of: towers, closed-form blocks, weights.

    Args:
        towers: `TwoTower` that has its catalogue.

    Attributes:
        is_weighed: whether weights were chosen on validation.
        is_calibrated: whether probabilities were.
    """

    def __init__(self, towers):
        self.towers = towers
        self.is_weighed = self.is_calibrated = False
        self.blocks, self.weighting = [], Weighting(blocks=np.ones(1, np.float32))

    def fit_blocks(
        self, interactions, form=None, names=None, weighting=None, fitted=()
    ):
        """Fits closed-form blocks.

        Args:
            interactions: the `Interactions` that the towers learn from.
            form: `BlockForm`, or None for the first choice.
            names: list of the blocks' names, or None for those of `model.blocks` that
                the log can teach.
            weighting: `Weighting` of towers and blocks, whose blocks of weight 0 are
                left out of the model; or None for equal weights.
            fitted: list of `Block`s of this log and form, which are not fitted again.

        Returns:
            The model itself.
        """
        towers = self.towers
        config = towers.config
        if names is None:
            names = teachable(config.model.blocks, interactions)
        blocks = make_blocks(config, names, form or first_form(config), towers.words)
        self.is_weighed = self.is_calibrated = weighting is not None
        if weighting is None:
            weighting = Weighting(blocks=np.ones(len(blocks) + 1, np.float32))
        interactions = without_other_targets(interactions, towers.allow_repeats)
        of_interest = towers.kinds.interactions_of_interest(interactions)
        texts, ready = (
            towers.item_texts.vectors,
            {block.name: block for block in fitted},
        )
        counting = zip(blocks, weighting.asked[1:], strict=True)
        self.blocks = [
            ready.get(block.name)
            or block.fit(
                interactions if block.hears_dislikes else of_interest,
                towers.catalogue,
                texts,
            )
            for block in tracked([b for b, w in counting if w != 0], "Fitting blocks")
        ]
        self.weighting = weighting.without_useless()
        return self

    def weigh_blocks(self, queries):
        """Chooses the weights of towers and blocks.

        Args:
            queries: `Queries` from after the events that the model learnt from.

        Returns:
            What they reach: `tfrec.hybrid.weight_choice.Reached`.
        """
        repeats = self.towers.allow_repeats
        self.weighting, reached = weigh(self.embedding(), queries, repeats)
        self.is_weighed = True
        return reached

    def skipped(self):
        """Sentences about steps of the recipe that this model went without."""
        steps = {
            "The weights of towers and scorers were not chosen (`weigh_blocks`), so "
            "all count alike.": self.is_weighed,
            "Probabilities were not calibrated (`training.calibration.calibrate`), "
            "so they order items but are no shares of people.": self.is_calibrated,
        }
        return [words for words, is_done in steps.items() if not is_done]

    def embedding(self):
        """Towers and blocks as one `Embedding`, as they are now."""
        return Embedding(self.towers, self.blocks, self.weighting)
