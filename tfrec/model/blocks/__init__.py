"""Closed-form blocks of the embedding."""

import numpy as np

from tfrec.model.blocks.collaborative import CollaborativeBlock, MemoryForm
from tfrec.model.blocks.lexical import LexicalBlock
from tfrec.model.blocks.opinion import OpinionBlock
from tfrec.model.blocks.prior import PriorBlock

MIN_NEGATIVES = 100  # reactions without which there are no opinions to learn


def teachable(names, interactions):
    """Those of some blocks' names that a log can teach."""
    has_negatives = np.count_nonzero(interactions.labels < 0) >= MIN_NEGATIVES
    return [name for name in names if has_negatives or name != "opinion"]


def make_blocks(config, names, form=None):
    """Blocks by their names.

    Args:
        config: `Config`.
        names: list of strings, of those in `tfrec.config.BLOCKS`.
        form: `MemoryForm` of the collaborative block, or None for the first choice.

    Returns:
        List of `Block`s that have not been fitted.
    """
    model, seed = config.model, config.train.seed
    form = form or MemoryForm(model.collaborative_dim)
    known = {
        "collaborative": CollaborativeBlock(form, seed),
        "lexical": LexicalBlock(model.lexical_dim, seed=seed),
        "prior": PriorBlock(),
        "opinion": OpinionBlock(seed=seed),
    }
    return [known[name] for name in names]
