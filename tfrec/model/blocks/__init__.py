"""Closed-form blocks of the embedding."""

from tfrec.model.blocks.collaborative import CollaborativeBlock
from tfrec.model.blocks.lexical import LexicalBlock
from tfrec.model.blocks.prior import PriorBlock


def make_blocks(config):
    """The blocks that `model.blocks` names, and the prior.

    Args:
        config: `Config`.

    Returns:
        List of `Block`s that have not been fitted.
    """
    model, seed = config.model, config.train.seed
    known = {
        "collaborative": CollaborativeBlock(model.collaborative_dim, seed),
        "lexical": LexicalBlock(model.lexical_dim, seed=seed),
    }
    return [known[name] for name in model.blocks] + [PriorBlock()]
