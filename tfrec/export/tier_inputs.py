"""The tier of new items as inputs of a model's functions."""

import tensorflow as tf

from tfrec.retrieval.new_item_tier import PLACES, NewItemTier


def tier_widths(hybrid):
    """Field of a `NewItemTier` -> its width in a model, of those that differ.

    Args:
        hybrid: `HybridScorer`.
    """
    columns = hybrid.model.state.features.items.used_for("filter").columns
    kinds = [column.kind for column in columns]
    return {
        "vectors": hybrid.dim,
        "memories": hybrid.memory_dim,
        **{name: kinds.count(kind) for kind, name in PLACES.items()},
    }


def fresh_specs(hybrid):
    """`TensorSpec`s of the fields of a `NewItemTier`, named `fresh_…`.

    Args:
        hybrid: `HybridScorer`.
    """
    widths = tier_widths(hybrid)
    kinds = NewItemTier(
        item_ids=(tf.string, []),
        keys=(tf.int64, []),
        vectors=(tf.float32, [widths["vectors"]]),
        memories=(tf.float32, [widths["memories"]]),
        text_keys=(tf.int64, []),
        category_names=(tf.string, []),
        categories=(tf.int32, [None]),
        available_from=(tf.int64, []),
        available_until=(tf.int64, []),
        required_keys=(tf.int64, []),
        required=(tf.int32, [None]),
        is_gone=(tf.bool, []),
        numbers=(tf.float32, [widths["numbers"]]),
        times=(tf.int64, [widths["times"]]),
    )
    return [
        tf.TensorSpec([None, *shape], dtype, name=f"fresh_{name}")
        for name, (dtype, shape) in kinds._asdict().items()
    ]


def tier_of(inputs):
    """The `NewItemTier` among some inputs, or None if they have none."""
    if "fresh_item_ids" not in inputs:
        return None
    return NewItemTier(
        **{name: inputs[f"fresh_{name}"] for name in NewItemTier._fields}
    )
