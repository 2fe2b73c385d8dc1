"""What validation chooses of the closed-form blocks: the memory's form, all weights."""

from tfrec.model.blocks.collaborative import MemoryForm, memory_forms

WIDER = 4  # times the rank, where a catalogue is of many small groups
WORTH = 1.02  # times the NDCG that a wider memory must reach, for it takes room


def choose_blocks(model, interactions, queries):
    """Fits and weighs a model's blocks in each form; keeps the best.

    Args:
        model: `TwoTower` whose towers are trained.
        interactions: the `Interactions` that the towers learnt from.
        queries: `Queries` from after them.

    Returns:
        `(MemoryForm, NDCG@10 reached)`; the model has the blocks and their weights.
    """

    def tried(form):
        reached = model.fit_blocks(interactions, form).weigh_blocks(queries)
        return reached, form, model.blocks, model.weighting

    dim = model.config.model.collaborative_dim
    if "collaborative" in model.config.model.blocks:
        forms = memory_forms(WIDER * dim)
        wide = max(map(tried, forms), key=lambda each: each[0])
        best = tried(wide[1]._replace(dim=dim))
        best = wide if wide[0].steady > WORTH * best[0].steady else best
    else:
        best = tried(MemoryForm(dim))
    reached, form, model.blocks, model.weighting = best
    return form, reached.ndcg
