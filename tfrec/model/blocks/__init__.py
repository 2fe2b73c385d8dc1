"""Closed-form blocks of the embedding."""

from tfrec.model.blocks.collaborative import HALF_LIVES, CollaborativeBlock
from tfrec.model.blocks.lexical import LexicalBlock
from tfrec.model.blocks.prior import PriorBlock


def make_blocks(config, half_lives=HALF_LIVES[0]):
    """The blocks that `model.blocks` names.

    Args:
        config: `Config`.
        half_lives: two floats, of the collaborative block, in events.

    Returns:
        List of `Block`s that have not been fitted.
    """
    model, seed = config.model, config.train.seed
    known = {
        "collaborative": CollaborativeBlock(model.collaborative_dim, seed, half_lives),
        "lexical": LexicalBlock(model.lexical_dim, seed=seed),
        "prior": PriorBlock(),
    }
    return [known[name] for name in model.blocks]
