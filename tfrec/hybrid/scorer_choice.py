"""What validation chooses of the closed-form blocks: their form and all weights."""

import gc
import logging
from typing import NamedTuple

from tfrec.hybrid.weight_choice import Reached
from tfrec.hybrid.weights import Weighting
from tfrec.linear.item_to_item import memory_forms
from tfrec.linear.registry import BlockForm, first_form

logger = logging.getLogger(__name__)

WIDER = 4  # times the width, where a catalogue is of many small groups or many words
WORTH = 1.01  # times the NDCG that a wider block must reach, for it takes room


class _Tried(NamedTuple):
    reached: Reached
    form: BlockForm
    blocks: list
    weighting: Weighting


def choose_blocks(model, interactions, queries):
    """Fits and weighs a model's blocks in each form; keeps the best.

    Args:
        model: `HybridModel` whose towers are trained.
        interactions: the `Interactions` that the towers learnt from.
        queries: `Queries` from after them.

    Returns:
        `(BlockForm, NDCG@10 reached)`; the model has the blocks and their weights.
    """

    def tried(form, *fitted):
        gc.collect()  # what scored another form: it is in cycles with its functions
        model.fit_blocks(interactions, form, fitted=fitted)
        logger.info("Weighing the blocks.")
        reached = model.weigh_blocks(queries)
        return _Tried(reached, form, model.blocks, model.weighting)

    names, form = model.towers.config.model.blocks, first_form(model.towers.config)
    dim = form.memory.dim
    if "collaborative" in names:
        forms = [form._replace(memory=memory) for memory in memory_forms(WIDER * dim)]
        wide = max(map(tried, forms), key=lambda each: each.reached)
        memory, *others = _first(wide.blocks, "collaborative")
        memory = memory.narrowed(dim)
        narrow = tried(form._replace(memory=memory.form), memory, *others)
        best = _worthier(wide, narrow)
    else:
        best = tried(form)
    if _may_widen_words(model, best):
        wider = best.form._replace(lexical_dim=WIDER * form.lexical_dim)
        _, *others = _first(best.blocks, "lexical")
        best = _worthier(tried(wider, *others), best)
    model.blocks, model.weighting = best.blocks, best.weighting
    return best.form, best.reached.ndcg


def _first(blocks, name):
    """The blocks, the one of a name before all others."""
    return sorted(blocks, key=lambda block: block.name != name)


def _worthier(wide, narrow):
    """The wide form if it is worth its room, for all items or for the new ones."""
    more, less = wide.reached, narrow.reached
    gains = more.steady > WORTH * less.steady
    gains |= more.steady >= less.steady and more.new > WORTH * less.new
    return wide if gains else narrow


def _may_widen_words(model, tried):
    """Whether words count at all, and a wider block would hold more of them."""
    names = [block.name for block in tried.blocks]
    if "lexical" not in names:
        return False
    counts = tried.weighting.asked[1 + names.index("lexical")] != 0
    return counts and not model.towers.words(tried.form.lexical_dim).is_whole
