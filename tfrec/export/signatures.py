"""The signatures of the saved model: names, types, defaults."""

import inspect
import math

import tensorflow as tf

from tfrec.model.request import Query, Wish

DEFAULT_K = 10
DEFAULT_LEARNING_RATE = 0.1


def _spec(name, dtype, rank):
    return tf.TensorSpec([None] * rank, dtype, name=name)


SPECS = {
    "user_text": _spec("user_text", tf.string, 1),
    "query_text": _spec("query_text", tf.string, 1),
    "history_item_ids": _spec("history_item_ids", tf.string, 2),
    "history_events": _spec("history_events", tf.string, 2),
    "history_values": _spec("history_values", tf.float32, 2),
    "history_timestamps": _spec("history_timestamps", tf.int64, 2),
    "now": _spec("now", tf.int64, 1),
    "k": _spec("k", tf.int32, 1),
    "exclude_item_ids": _spec("exclude_item_ids", tf.string, 2),
    "categories": _spec("categories", tf.string, 2),
    "min_probability": _spec("min_probability", tf.float32, 1),
    "allow_repeats": _spec("allow_repeats", tf.bool, 1),
    "interest": _spec("interest", tf.float32, 2),
    "candidate_item_ids": _spec("candidate_item_ids", tf.string, 2),
    "title": _spec("title", tf.string, 1),
    "text": _spec("text", tf.string, 1),
    "category": _spec("category", tf.string, 1),
    "item_ids": _spec("item_ids", tf.string, 1),
    "reward": _spec("reward", tf.float32, 1),
    "learning_rate": _spec("learning_rate", tf.float32, 1),
}
DEFAULTS = {
    "query_text": [""],
    "history_item_ids": [[""]],
    "history_events": [[""]],
    "history_values": [[math.nan]],
    "history_timestamps": [[0]],
    "now": [0],
    "k": [DEFAULT_K],
    "exclude_item_ids": [[""]],
    "categories": [[""]],
    "min_probability": [0.0],
    "allow_repeats": [False],
    "text": [""],
    "category": [""],
    "learning_rate": [DEFAULT_LEARNING_RATE],
}
QUERY = Query._fields
WISH = Wish._fields


class Signatures(tf.Module):
    """What is saved: an `Inference` behind named, typed, mostly optional inputs.

    Args:
        inference: `Inference`.
    """

    def __init__(self, inference):
        super().__init__(name="tfrec")
        self.inference = inference

    def functions(self):
        """Dict of signature name -> `tf.function` with an input signature."""
        recommend = _signature(self._recommend, [*QUERY, *WISH[1:], "allow_repeats"])
        return {
            "serving_default": recommend,
            "recommend": recommend,
            "recommend_from_interest": _signature(
                self._recommend_from_interest, ["interest", *WISH]
            ),
            "embed_query": _signature(self._embed_query, QUERY),
            "embed_candidate": _signature(
                self._embed_candidate, ["title", "text", "category"]
            ),
            "score_interest": _signature(
                self._score_interest, ["candidate_item_ids", *QUERY]
            ),
            "update_interest": _signature(
                self._update_interest,
                ["interest", "item_ids", "reward", "learning_rate"],
            ),
            "explain": _signature(self._explain, ["candidate_item_ids", *QUERY]),
        }

    def _recommend(self, **inputs):
        answer = self.inference.recommend(
            _part(Query, inputs), _part(Wish, inputs), inputs["allow_repeats"]
        )
        return _answer(answer)

    def _recommend_from_interest(self, interest, **inputs):
        wish = _part(Wish, inputs)
        return _answer(self.inference.recommend_from_interest(interest, wish))

    def _embed_query(self, **inputs):
        return {"embedding": self.inference.embed_query(_part(Query, inputs))}

    def _embed_candidate(self, title, text, category):
        return {"embedding": self.inference.embed_candidate(title, text, category)}

    def _score_interest(self, candidate_item_ids, **inputs):
        query = _part(Query, inputs)
        scores = self.inference.score_interest(query, candidate_item_ids)
        return {"probabilities": scores}

    def _update_interest(self, **inputs):
        return {"interest": self.inference.update_interest(**inputs)}

    def _explain(self, candidate_item_ids, **inputs):
        query = _part(Query, inputs)
        shares = self.inference.explain(query, candidate_item_ids)
        return {"history_weights": shares}


def _signature(method, names):
    """A `tf.function` of named inputs; those in `DEFAULTS` may be left out."""
    required = [name for name in names if name not in DEFAULTS]
    optional = [name for name in names if name in DEFAULTS]
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [inspect.Parameter(name, kind) for name in required]
    for name in optional:
        default = tf.constant(DEFAULTS[name], SPECS[name].dtype)
        parameters.append(inspect.Parameter(name, kind, default=default))
    signature = inspect.Signature(parameters)

    def call(*args, **kwargs):
        return method(**signature.bind(*args, **kwargs).arguments)

    call.__signature__ = signature  # TensorFlow reads names and defaults off it
    specs = [SPECS[name] for name in (*required, *optional)]
    return tf.function(call, input_signature=specs)


def _part(kind, inputs):
    return kind(**{name: inputs[name] for name in kind._fields})


def _answer(answer):
    return dict(zip(("item_ids", "scores", "probabilities"), answer, strict=True))
