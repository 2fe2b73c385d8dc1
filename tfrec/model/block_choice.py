"""What validation chooses of the closed-form blocks: the memory's form, all weights."""

from tfrec.model.blocks import HALF_LIVES, MemoryForm

WIDER = 4  # times the rank, where a catalogue is of many small groups
WORTH = 1.02  # times the NDCG@10 that a wider memory must reach, for it takes room


def choose_blocks(model, interactions, queries):
    """Fits and weighs a model's blocks in each form; keeps the best.

    Args:
        model: `TwoTower` whose towers are trained.
        interactions: the `Interactions` that the towers learnt from.
        queries: `Queries` from after them.

    Returns:
        `(MemoryForm, NDCG@10 reached)`; the model has the blocks and their weights.
    """

    def reached(form):
        metric = model.fit_blocks(interactions, form).weigh_blocks(queries)
        return metric, form, model.blocks, model.weighting

    def best_of(dim):
        forms = [MemoryForm(half_lives, dim) for half_lives in HALF_LIVES]
        return max(map(reached, forms), key=lambda each: each[0])

    dim = model.config.model.collaborative_dim
    if "collaborative" in model.config.model.blocks:
        best, wider = best_of(dim), best_of(WIDER * dim)
        best = wider if wider[0] > WORTH * best[0] else best
    else:
        best = reached(MemoryForm(HALF_LIVES[0], dim))
    metric, form, model.blocks, model.weighting = best
    return form, metric
