"""Closed-form blocks of the embedding."""

from typing import NamedTuple

import numpy as np

from tfrec.linear.bm25 import LexicalBlock
from tfrec.linear.item_to_item import CollaborativeBlock, MemoryForm
from tfrec.linear.popularity import PriorBlock
from tfrec.linear.rating_factors import OpinionBlock

MIN_NEGATIVES = 100  # reactions without which there are no opinions to learn


def teachable(names, interactions):
    """Those of some blocks' names that a log can teach."""
    has_negatives = np.count_nonzero(interactions.labels < 0) >= MIN_NEGATIVES
    return [name for name in names if has_negatives or name != "opinion"]


class BlockForm(NamedTuple):
    """What validation chooses of the blocks, beside their weights."""

    memory: MemoryForm  # of the collaborative block
    lexical_dim: int


def first_form(config):
    """The `BlockForm` that a configuration begins with."""
    return BlockForm(
        MemoryForm(config.model.collaborative_dim), config.model.lexical_dim
    )


def make_blocks(config, names, form=None, learn_words=None):
    """Blocks by their names.

    Args:
        config: `Config`.
        names: list of strings, of those in `tfrec.config.BLOCKS`.
        form: `BlockForm`, or None for the first one.
        learn_words: as `LexicalBlock` takes it.

    Returns:
        List of `Block`s that have not been fitted.
    """
    form, seed = form or first_form(config), config.train.seed
    known = {
        "collaborative": CollaborativeBlock(form.memory, seed),
        "lexical": LexicalBlock(form.lexical_dim, learn_words),
        "prior": PriorBlock(),
        "opinion": OpinionBlock(seed=seed),
    }
    return [known[name] for name in names]
