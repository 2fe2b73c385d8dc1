"""The toy with functions for new items: cheap enough for a server of its own.

The vector of a new item is (1, 1) times the letters of its title in thousands, so one
of a longer title ranks higher. `UNMAKEABLE` in a title makes the encoder fail, and
`NOT_A_NUMBER` gives a vector of NaN.
"""

import inspect
import math

import tensorflow as tf

from tests.serving.toy_artefact import Toy, write_toy
from tfrec.export.signatures import INPUTS

UNMAKEABLE, NOT_A_NUMBER = "unmakeable", "not a number"
_TIER = {
    "fresh_item_ids": tf.TensorSpec([None], tf.string),
    "fresh_vectors": tf.TensorSpec([None, 2], tf.float32),
    "fresh_categories": tf.TensorSpec([None], tf.string),
}
_MADE = {
    "item_ids": tf.TensorSpec([None], tf.string),
    "vectors": tf.TensorSpec([None, 2], tf.float32),
    "memories": tf.TensorSpec([None, 1], tf.float32),
    "categories": tf.TensorSpec([None], tf.string),
    "removed_item_ids": tf.TensorSpec([None], tf.string),
}


class _Grown:
    """The toy's own methods on the catalogue of a tier."""

    _matches, _lookup, _embed, _top = Toy._matches, Toy._lookup, Toy._embed, Toy._top

    def __init__(self, fresh_item_ids, fresh_vectors, fresh_categories):
        self.item_ids, self.vectors = fresh_item_ids, fresh_vectors
        self.categories = fresh_categories


class LiveToy(Toy):
    """The toy, and `live` as in `tfrec.export.signatures.Signatures`."""

    def __init__(self, scale=1.0):
        super().__init__(scale)
        self.live = {name: self._living(name) for name in INPUTS}
        texts = dict.fromkeys(("title", "text", "category"), _MADE["item_ids"])
        self.live["embed_items"] = _named(self._embed_items, texts)
        self.live["make_fresh"] = _named(self._make_fresh, _MADE)
        rows = {"item_ids": _MADE["item_ids"]}
        self.live["rows_of"] = _named(self._rows_of, rows)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "title")])
    def embed_candidate(self, title):
        return {"embedding": tf.ones([tf.size(title), 2])}

    def _living(self, name):
        method, function = getattr(self, name), getattr(type(self), name)
        specs = {spec.name: spec for spec in method.input_signature}
        if "k" not in specs and "candidate_item_ids" not in specs:
            return _named(lambda **inputs: method(**inputs), specs)

        def answer(**inputs):
            tier = {name: inputs.pop(name) for name in _TIER}
            return function.python_function(_Grown(**tier), **inputs)

        return _named(answer, specs | _TIER)

    def _embed_items(self, title, text, category):
        fails = tf.strings.regex_full_match(title, f".*{UNMAKEABLE}.*")
        lengths = tf.cast(tf.strings.length(title), tf.float32) / 1000
        is_odd = tf.strings.regex_full_match(title, f".*{NOT_A_NUMBER}.*")
        lengths = tf.where(is_odd, math.nan, lengths)
        with tf.control_dependencies([tf.debugging.assert_equal(fails, False)]):
            vectors = lengths[:, None] * tf.ones([1, 2])
        return {"vectors": vectors, "memories": tf.zeros([tf.size(title), 1])}

    def _make_fresh(self, item_ids, vectors, memories, categories, removed_item_ids):
        gone = tf.concat([item_ids, removed_item_ids], axis=0)
        stays = ~tf.reduce_any(self.item_ids[:, None] == gone, axis=1)

        def both(old, new):
            return tf.concat([tf.boolean_mask(old, stays), new], axis=0)

        return {
            "fresh_item_ids": both(self.item_ids, item_ids),
            "fresh_vectors": both(self.vectors.value(), vectors),
            "fresh_categories": both(self.categories, categories),
        }

    def _rows_of(self, item_ids):
        hits = item_ids[:, None] == self.item_ids
        rows = tf.argmax(hits, axis=1, output_type=tf.int32)
        return {"rows": tf.where(tf.reduce_any(hits, axis=1), rows, -1)}


def _named(function, specs):
    """A concrete function of inputs that must be named."""
    kind = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter(name, kind) for name in specs]

    def call(**inputs):
        return function(**inputs)

    call.__signature__ = inspect.Signature(parameters)
    named = {n: tf.TensorSpec(s.shape, s.dtype, n) for n, s in specs.items()}
    return tf.function(call).get_concrete_function(**named)


def write_live_toy(folder, version=1):
    """Writes `folder/version`, the toy that takes new items, and returns it."""
    return write_toy(folder, version, kind=LiveToy)
