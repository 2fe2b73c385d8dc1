"""The signatures of the saved model: names, types, defaults.

Each signature is a function of the same inputs and of the fresh tier, called with the
tier that the model was saved with. These functions are saved as well, under `live`, for
servers that keep a tier of their own.
"""

import inspect
from typing import Any

import tensorflow as tf

from tfrec.export.feature_inputs import (
    feature_specs,
    filter_specs,
    own_default,
    taken_of,
)
from tfrec.export.input_specs import DEFAULTS, SPECS, spec_of
from tfrec.export.tier_inputs import fresh_specs, tier_of, tier_widths
from tfrec.graphs import graph
from tfrec.inference.request import (
    PopularItems,
    QueryInputs,
    RequestOptions,
    options_for,
)
from tfrec.protocol.signature import TensorSpec

QUERY = tuple(name for name in QueryInputs._fields if name in SPECS)
OPTIONS = tuple(name for name in RequestOptions._fields if name in SPECS)
POPULAR = PopularItems._fields
SIMILAR = ("now", "k", "exclude_item_ids", "met_item_ids", "categories", "domain")
LIMITS = ("available_from", "available_until", "after")
ITEM = ("item_ids", "vectors", "text_keys", "categories", *LIMITS, "numbers", "times")
INPUTS = {  # of each signature
    "recommend": (*QUERY, *OPTIONS[1:], "allow_repeats", *POPULAR),
    "recommend_from_interest": ("interest", *OPTIONS, *POPULAR),
    "similar": ("item_ids", *SIMILAR),
    "embed_query": QUERY,
    "embed_candidate": ("title", "text", "category"),
    "score_interest": ("candidate_item_ids", *QUERY),
    "update_interest": ("interest", "item_ids", "reward", "learning_rate"),
    "score_texts": ("user_text", "title", "text", "category"),
    "explain": ("candidate_item_ids", *QUERY),
    "event_kinds": ("user_text",),
}
WITHOUT_FRESH = {"embed_candidate", "score_texts", "event_kinds"}
# Sides whose feature columns a signature takes as well.
OF_QUERY = ("users", "context")
FEATURES = {
    **dict.fromkeys(
        ("recommend", "embed_query", "score_interest", "explain"), OF_QUERY
    ),
    "score_texts": ("items", *OF_QUERY),
    "embed_candidate": ("items",),
}
# What depends on the index.
SEARCHING = {"recommend", "recommend_from_interest", "similar"}


class SignatureGraphs(tf.Module):
    """An `Inference` behind named, typed inputs, each signature traced when asked for.

    Args:
        inference: `Inference`.
    """

    def __init__(self, inference):
        super().__init__(name="tfrec")
        self.inference = inference
        self._of_sides = feature_specs(inference.model.state)
        self._filters = filter_specs(inference.model.state)

    def trace(self, name, with_fresh=False):
        """The concrete function of one signature, all of whose inputs are needed.

        Args:
            name: of those in `INPUTS`.
            with_fresh: whether it takes a `NewItemTier` as well, as `fresh_…`.
        """
        specs = self.specs(name)
        if with_fresh and name not in WITHOUT_FRESH:
            specs += fresh_specs(self.inference.hybrid)
        return _traced(getattr(self, f"_{name}"), specs)

    def specs(self, name):
        """`TensorSpec`s of the inputs of one signature."""
        specs = [SPECS[each] for each in INPUTS[name]] + self._features_of(name)
        return specs + (self._filters if name in SEARCHING else [])

    def _features_of(self, name):
        """Specs of the feature columns that a signature takes."""
        sides = FEATURES.get(name, ())
        return [spec for side in sides for spec in self._of_sides[side]]

    def _options(self, inputs, names=OPTIONS):
        """The `RequestOptions` of some inputs; what is left out limits nothing."""
        given = {name: inputs[name] for name in names}
        filters = taken_of(inputs, self._filters)
        return options_for(1, ())._replace(**given, filters=filters)

    def _query(self, inputs):
        """The `QueryInputs` among some inputs."""
        features = taken_of(inputs, self._features_of("recommend"))
        return QueryInputs(**{name: inputs[name] for name in QUERY}, features=features)

    def _recommend(self, **inputs):
        answer = self.inference.recommend(
            self._query(inputs),
            self._options(inputs),
            inputs["allow_repeats"],
            tier_of(inputs),
            _popular(inputs),
        )
        return _answer(answer)

    def _recommend_from_interest(self, interest, **inputs):
        answer = self.inference.recommend_from_interest(
            interest,
            self._options(inputs),
            tier_of(inputs),
            _popular(inputs),
        )
        return _answer(answer)

    def _similar(self, item_ids, **inputs):
        options = self._options(inputs, SIMILAR)
        ids, scores = self.inference.similar(item_ids, options, tier_of(inputs))
        return {"item_ids": ids, "scores": scores}

    def _embed_query(self, **inputs):
        query, fresh = self._query(inputs), tier_of(inputs)
        return {"embedding": self.inference.embed_query(query, fresh)}

    def _embed_candidate(self, **inputs):
        return {"embedding": self._embed_items(**inputs)["vectors"]}

    def _embed_items(self, title, text, category, **features):
        embed = self.inference.new_items.embed
        vectors, memories = embed(title, text, category, features)
        return {"vectors": vectors, "memories": memories}

    def _make_fresh(self, memories, removed_item_ids, **items):
        made = self.inference.new_items.make_fresh(items, memories, removed_item_ids)
        return {f"fresh_{name}": tensor for name, tensor in made._asdict().items()}

    def _rows_of(self, item_ids):
        return {"rows": self.inference.item_ids.rows_of(item_ids)}

    def _score_interest(self, candidate_item_ids, **inputs):
        query, fresh = self._query(inputs), tier_of(inputs)
        scores = self.inference.score_interest(query, candidate_item_ids, fresh)
        return {"probabilities": scores}

    def _score_texts(self, user_text, title, text, category, **features):
        score = self.inference.score_texts
        scores = score(user_text, title, text, category, features)
        return {"probabilities": scores}

    def _update_interest(self, interest, item_ids, reward, learning_rate, **inputs):
        updated = self.inference.update_interest(
            interest, item_ids, reward, learning_rate, tier_of(inputs)
        )
        return {"interest": updated}

    def _explain(self, candidate_item_ids, **inputs):
        query, fresh = self._query(inputs), tier_of(inputs)
        shares = self.inference.explain(query, candidate_item_ids, fresh)
        return {"history_weights": shares}

    def _event_kinds(self, user_text):
        """The same for every row: a server may join rows of several requests."""
        columns = self.inference.model.kinds.columns()
        found = {
            name: tf.repeat(tf.constant(column)[None], tf.size(user_text), axis=0)
            for name, column in columns.items()
        }
        of = self.inference.hybrid.weights.probability_of
        return found | {"probability_of": tf.fill(tf.shape(user_text), of)}


class Signatures(SignatureGraphs):
    """What is saved: all signatures, and the functions that make new items.

    Args:
        inference: `Inference`.
        other: `Signatures` of the same model with another index and the same encoder,
            of which all that does not search is taken as it is; or None.

    Attributes:
        live: name -> concrete function. Those of `INPUTS` take the inputs of the
            signature and, as `fresh_…`, the fields of `NewItemTier`; `embed_items` and
            `make_fresh` make such fields; `rows_of` tells rows of the catalogue.
    """

    def __init__(self, inference, other=None):
        super().__init__(inference)
        kept = other.live if other else self._of_new_items()
        names = SEARCHING if other else INPUTS
        own = {name: self.trace(name, with_fresh=True) for name in names}
        self.live = {**kept, **own}

    def _of_new_items(self):
        """The functions of `live` that are no signature's."""
        item_specs = self.specs("embed_candidate")
        widths = tier_widths(self.inference.hybrid)
        names = (*ITEM, "memories", "removed_item_ids")
        tier_specs = [_sized(SPECS[name], widths) for name in names]
        # One string for each item here, not a row of options as in a request.
        tier_specs[names.index("categories")] = spec_of("categories", tf.string, 1)
        return {
            "embed_items": _traced(self._embed_items, item_specs),
            "make_fresh": _traced(self._make_fresh, tier_specs),
            "rows_of": _traced(self._rows_of, [SPECS["item_ids"]]),
        }

    def functions(self):
        """Dict of signature name -> `tf.function`, with a tier without items."""
        nothing = {
            name: tf.zeros([0, *spec.shape[1:]], spec.dtype)
            for name, spec in named_specs(self.live["make_fresh"]).items()
        }
        return signatures(self.live, self.live["make_fresh"](**nothing))


def signatures(live, fresh):
    """What a model is saved with.

    Args:
        live: name -> concrete function, as in `Signatures`; of an older version, those
            that it was saved with.
        fresh: what `live["make_fresh"]` gave.

    Returns:
        Dict of signature name -> `tf.function` with an input signature.
    """
    functions = {}
    for name in saved_in(live):
        tier = fresh if takes_fresh(live[name]) else {}
        taken = named_specs(live[name])
        specs = [taken[each] for each in INPUTS[name] if each in taken]
        specs += [taken[each] for each in taken if is_own(each)]
        functions[name] = _signature(live[name], specs, tier)
    return {"serving_default": functions["recommend"], **functions}


def is_own(name):
    """Whether an input is one of the model's own, as those of feature columns are."""
    return name not in SPECS and not name.startswith("fresh_")


def saved_in(live):
    """Names of the signatures that a model has; it may be of an older version."""
    return [name for name in INPUTS if name in live]


def takes_fresh(function):
    """Whether a function of `live` knows new items; it may be of an older version."""
    return "fresh_item_ids" in named_specs(function)


def named_specs(function):
    """`{input name: TensorSpec}` of a concrete function of named inputs."""
    return function.structured_input_signature[1]


def plain_spec(spec):
    """A `tf.TensorSpec` as `tfrec.protocol.signature.TensorSpec`."""
    shape = tuple(-1 if size is None else size for size in spec.shape)
    return TensorSpec(spec.dtype.name, shape)


def _sized(spec, widths):
    if spec.name not in widths:
        return spec
    return tf.TensorSpec([None, widths[spec.name]], spec.dtype, name=spec.name)


def _traced(method, specs):
    """A concrete function of the named inputs, all of them needed."""
    kind = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter(spec.name, kind) for spec in specs]

    def call(**inputs):
        return method(**inputs)

    named = {spec.name: spec for spec in specs}
    named_call = _with_signature(call, inspect.Signature(parameters))
    return graph(named_call).get_concrete_function(**named)


def _signature(function, specs, tier):
    """A `tf.function` of named inputs; those that have a default may be left out."""
    specs = sorted(specs, key=_is_optional)  # stable
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [
        inspect.Parameter(spec.name, kind, default=_constant(spec)) for spec in specs
    ]
    signature = inspect.Signature(parameters)

    def call(*args, **kwargs):
        return function(**signature.bind(*args, **kwargs).arguments, **tier)

    return graph(_with_signature(call, signature), input_signature=specs)


def default_of(spec):
    """What stands for an input that is left out, of length 1; None if it is needed."""
    return own_default(spec) if is_own(spec.name) else DEFAULTS.get(spec.name)


def _is_optional(spec):
    return default_of(spec) is not None


def _constant(spec):
    value = default_of(spec)
    return inspect.Parameter.empty if value is None else tf.constant(value, spec.dtype)


def _with_signature(function: Any, signature):
    """The function, off which TensorFlow now reads these names and defaults."""
    function.__signature__ = signature
    return function


def _popular(inputs):
    return PopularItems(**{name: inputs[name] for name in POPULAR})


def _answer(answer):
    return dict(zip(("item_ids", "scores", "probabilities"), answer, strict=True))
