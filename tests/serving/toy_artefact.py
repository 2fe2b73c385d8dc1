"""A saved model small enough to know by heart: six items, two dimensions.

The embedding of a query is the sum of its history's vectors, each times the event's
value (a "skip" counts minus one) and halved for every day before `now`, plus a tenth
of the length of the profile text (first dimension) and of the free text (second).
Every input changes some answer, so a test sees when one is lost on its way.
"""

import json
import pathlib

import numpy as np
import pandas as pd
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

ITEM_IDS = ["a", "b", "c", "d", "e", "café"]
VECTORS = np.array(  # no two tie, but on an empty query
    [[1.0, 0.0], [0.8, 0.25], [0.6, 0.65], [0.2, 0.85], [0.05, 1.0], [-0.5, -0.45]],
    dtype="float32",
)
CATEGORIES = ["x", "x", "x", "y", "y", "y"]
KINDS = {  # what a log might have taught of kinds of events
    "names": ["buy", "rating", "skip", "view"],
    "positive": [2, 9, 0, 5],
    "negative": [0, 0, 4, 0],
    "neutral": [0, 0, 0, 1],
    "positive_values": [1.0, 1.0, 0.0, 1.0],
    "negative_values": [0.0, 0.0, 1.0, 0.0],
}
MAX_HISTORY_LENGTH = 3  # of the manifest; the toy itself reads histories of any length
DAY_S = 86400.0

BATCH, ROWS = [None], [None, None]


def _spec(dtype, shape, name):
    return tf.TensorSpec(shape, dtype, name=name)


QUERY = [
    _spec(tf.string, BATCH, "user_text"),
    _spec(tf.string, BATCH, "query_text"),
    _spec(tf.string, ROWS, "history_item_ids"),
    _spec(tf.string, ROWS, "history_events"),
    _spec(tf.float32, ROWS, "history_values"),
    _spec(tf.int64, ROWS, "history_timestamps"),
    _spec(tf.int64, BATCH, "now"),
    _spec(tf.string, ROWS, "history_texts"),
]
FILTER = [
    _spec(tf.int32, BATCH, "k"),
    _spec(tf.string, ROWS, "exclude_item_ids"),
    _spec(tf.string, ROWS, "categories"),
    _spec(tf.float32, BATCH, "min_probability"),
]
CANDIDATES = [_spec(tf.string, ROWS, "candidate_item_ids")]
TEXTS = [
    _spec(tf.string, [None], name)
    for name in ("user_text", "title", "text", "category")
]
NO_TEXT, NO_IDS = tf.constant([""]), tf.constant([[""]])
NO_VALUES, NO_TIMES = tf.constant([[0.0]]), tf.constant([[0]], tf.int64)
NOW, K, NO_FLOOR = tf.constant([0], tf.int64), tf.constant([10]), tf.constant([0.0])
NO_REPEATS, STEP = tf.constant([False]), tf.constant([0.5])


def _typical(values):
    """Values of events; NaN, which stands for none given, counts 1."""
    return tf.where(tf.math.is_nan(values), 1.0, values)


def _said(texts):
    """`[B, n, 2]`: what texts of events say, as much as a free text would."""
    lengths = 0.1 * tf.cast(tf.strings.length(texts), tf.float32)
    return tf.stack([tf.zeros_like(lengths), lengths], axis=-1)


class Toy(tf.Module):
    """Every signature of a saved model, on a catalogue of six."""

    def __init__(self, scale=1.0):
        self.vectors = tf.Variable(VECTORS * scale)
        self.item_ids = tf.constant(ITEM_IDS)
        self.categories = tf.constant(CATEGORIES)

    @tf.function(
        input_signature=[*QUERY, *FILTER, _spec(tf.bool, BATCH, "allow_repeats")]
    )
    def recommend(
        self,
        user_text,
        query_text=NO_TEXT,
        history_item_ids=NO_IDS,
        history_events=NO_IDS,
        history_values=NO_VALUES,
        history_timestamps=NO_TIMES,
        now=NOW,
        history_texts=NO_IDS,
        k=K,
        exclude_item_ids=NO_IDS,
        categories=NO_IDS,
        min_probability=NO_FLOOR,
        allow_repeats=NO_REPEATS,
    ):
        history = (history_item_ids, history_events, history_values, history_timestamps)
        embedding = self._embed(user_text, query_text, *history, now, history_texts)
        seen = tf.reduce_any(self._matches(history_item_ids), axis=1)
        is_hidden = seen & ~allow_repeats[:, None]
        filters = (k, exclude_item_ids, categories, min_probability)
        return self._top(embedding, is_hidden, *filters)

    @tf.function(
        input_signature=[
            _spec(tf.float32, [None, 2], "interest"),
            _spec(tf.int64, BATCH, "now"),
            *FILTER,
        ]
    )
    def recommend_from_interest(
        self,
        interest,
        now=NOW,
        k=K,
        exclude_item_ids=NO_IDS,
        categories=NO_IDS,
        min_probability=NO_FLOOR,
    ):
        nothing = tf.zeros([1, 1], tf.bool)
        filters = (k, exclude_item_ids, categories, min_probability)
        return self._top(interest, nothing, *filters)

    @tf.function(
        input_signature=[
            _spec(tf.string, BATCH, "item_ids"),
            _spec(tf.int64, BATCH, "now"),
            *FILTER[:3],
        ]
    )
    def similar(
        self, item_ids, now=NOW, k=K, exclude_item_ids=NO_IDS, categories=NO_IDS
    ):
        """By the inner product of the vectors."""
        own = self._matches(item_ids[:, None])[:, 0]
        is_hidden = own | ~tf.reduce_any(own, axis=1, keepdims=True)
        vectors = self._lookup(item_ids[:, None])[:, 0]
        filters = (k, exclude_item_ids, categories, tf.constant([0.0]))
        found = self._top(vectors, is_hidden, *filters)
        return {name: found[name] for name in ("item_ids", "scores")}

    @tf.function(input_signature=QUERY)
    def embed_query(
        self,
        user_text,
        query_text=NO_TEXT,
        history_item_ids=NO_IDS,
        history_events=NO_IDS,
        history_values=NO_VALUES,
        history_timestamps=NO_TIMES,
        now=NOW,
        history_texts=NO_IDS,
    ):
        history = (history_item_ids, history_events, history_values, history_timestamps)
        return {
            "embedding": self._embed(
                user_text, query_text, *history, now, history_texts
            )
        }

    @tf.function(input_signature=[QUERY[0], *CANDIDATES, *QUERY[1:]])
    def score_interest(
        self,
        user_text,
        candidate_item_ids,
        query_text=NO_TEXT,
        history_item_ids=NO_IDS,
        history_events=NO_IDS,
        history_values=NO_VALUES,
        history_timestamps=NO_TIMES,
        now=NOW,
        history_texts=NO_IDS,
    ):
        history = (history_item_ids, history_events, history_values, history_timestamps)
        embedding = self._embed(user_text, query_text, *history, now, history_texts)
        vectors = self._lookup(candidate_item_ids)  # [B, N, 2]
        chances = tf.sigmoid(tf.einsum("bd,bnd->bn", embedding, vectors))
        is_known = tf.reduce_any(self._matches(candidate_item_ids), axis=-1)
        return {"probabilities": tf.where(is_known, chances, 0.0)}

    @tf.function(input_signature=TEXTS)
    def score_texts(self, user_text, title, text=NO_TEXT, category=NO_TEXT):
        """More likely the longer the person's text is, and the shorter the item's."""
        own, *others = map(tf.strings.length, (user_text, title, text, category))
        logits = own - sum(others) + tf.zeros_like(own)
        return {"probabilities": tf.sigmoid(tf.cast(logits, tf.float32))}

    @tf.function(input_signature=[QUERY[0], *CANDIDATES, *QUERY[1:]])
    def explain(
        self,
        user_text,
        candidate_item_ids,
        query_text=NO_TEXT,
        history_item_ids=NO_IDS,
        history_events=NO_IDS,
        history_values=NO_VALUES,
        history_timestamps=NO_TIMES,
        now=NOW,
        history_texts=NO_IDS,
    ):
        history = self._lookup(history_item_ids) * _typical(history_values)[:, :, None]
        history += _said(history_texts)
        weights = tf.einsum("bhd,bnd->bnh", history, self._lookup(candidate_item_ids))
        return {"history_weights": weights}

    @tf.function(
        input_signature=[
            _spec(tf.float32, [None, 2], "interest"),
            _spec(tf.string, BATCH, "item_ids"),
            _spec(tf.float32, BATCH, "reward"),
            _spec(tf.float32, BATCH, "learning_rate"),
        ]
    )
    def update_interest(self, interest, item_ids, reward, learning_rate=STEP):
        vectors = self._lookup(item_ids[:, None])[:, 0]
        error = reward - tf.sigmoid(tf.reduce_sum(interest * vectors, axis=1))
        return {"interest": interest + (learning_rate * error)[:, None] * vectors}

    @tf.function(input_signature=QUERY[:1])
    def event_kinds(self, user_text):
        rows = tf.size(user_text)
        columns = {name: tf.constant([column]) for name, column in KINDS.items()}
        return {name: tf.repeat(each, rows, 0) for name, each in columns.items()}

    def _matches(self, ids):
        return ids[:, :, None] == self.item_ids  # [B, n, 6]

    def _lookup(self, ids):
        return tf.einsum(
            "bni,id->bnd", tf.cast(self._matches(ids), tf.float32), self.vectors
        )

    def _embed(self, user_text, query_text, ids, events, values, times, now, texts):
        age_s = tf.cast(tf.maximum(now[:, None] - times, 0), tf.float32)
        decay = tf.where(now[:, None] > 0, 0.5 ** (age_s / DAY_S), 1.0)
        weights = _typical(values) * decay * tf.where(events == "skip", -1.0, 1.0)
        lengths = tf.stack(
            [
                tf.strings.length(user_text),
                tf.broadcast_to(tf.strings.length(query_text), tf.shape(user_text)),
            ],
            axis=1,
        )
        said = tf.reduce_sum(_said(texts), axis=1)
        return (
            said
            + 0.1 * tf.cast(lengths, tf.float32)
            + tf.einsum("bh,bhd->bd", weights, self._lookup(ids))
        )

    def _top(
        self,
        embedding,
        is_hidden,
        k,
        excluded,
        categories,
        min_probability,
        bonus=0.0,
    ):
        tf.debugging.assert_positive(k, "`k` must be positive.")
        tf.debugging.assert_less_equal(k, 10_000, "`k` must be at most 10000.")
        scores = tf.matmul(embedding, self.vectors, transpose_b=True)
        is_hidden |= tf.reduce_any(self._matches(excluded), axis=1)
        is_any = tf.reduce_all(categories == "", axis=1, keepdims=True)
        is_wanted = tf.reduce_any(categories[:, :, None] == self.categories, axis=1)
        is_likely = tf.sigmoid(scores) >= min_probability[:, None]
        is_hidden |= ~(is_any | is_wanted) | ~is_likely
        chances = tf.pad(tf.sigmoid(scores), [[0, 0], [0, 1]])
        scores = tf.where(is_hidden, float("-inf"), scores + bonus)
        # Asserts and the rest run side by side: no wrong `k` may fill the memory.
        width = tf.clip_by_value(tf.reduce_max(k), 1, 10_000)
        missing = tf.maximum(0, width - tf.shape(scores)[1])
        scores = tf.pad(scores, [[0, 0], [0, missing]], constant_values=float("-inf"))
        top, rows = tf.math.top_k(scores, width)
        is_real = (top > float("-inf")) & (tf.range(width) < k[:, None])
        ids = tf.gather(tf.pad(self.item_ids, [[0, missing]]), rows)
        top = tf.where(is_real, top, float("-inf"))
        places = tf.where(is_real, rows, tf.shape(chances)[1] - 1)
        chances = tf.gather(chances, places, batch_dims=1)
        return {
            "item_ids": tf.where(is_real, ids, ""),
            "scores": top,
            "probabilities": chances,
        }


def write_toy(folder, version=1, scale=1.0, kind=Toy, without=()):
    """Writes `folder/version` and returns it; `scale` tells versions apart.

    It lacks the signatures `without`, as one that was saved before they existed.
    """
    target = pathlib.Path(folder) / str(version)
    toy = kind(scale)
    names = "recommend_from_interest embed_query score_interest explain update_interest"
    names = f"{names} event_kinds score_texts similar"
    signatures = {name: getattr(toy, name) for name in names.split()}
    signatures = {n: each for n, each in signatures.items() if n not in without}
    signatures |= {"recommend": toy.recommend, "serving_default": toy.recommend}
    tf.saved_model.save(toy, str(target), signatures=signatures)
    extra = target / "assets.extra"
    extra.mkdir()
    write_warm_up(target, {"user_text": ["warm"]})
    manifest = {
        "name": "toy",
        "version": version,
        "flavour": "exact",
        "created": "2026-01-01T00:00:00+00:00",
        "signatures": sorted(signatures),
        "num_items": len(ITEM_IDS),
        "embedding_dim": 2,
        "max_history_length": MAX_HISTORY_LENGTH,
        "ops": {"core": 1, "required_libraries": []},
    }
    (extra / "manifest.json").write_text(json.dumps(manifest))
    titles = [f"Title of {item_id}" for item_id in ITEM_IDS]
    items = {"item_id": ITEM_IDS, "title": titles, "category": CATEGORIES}
    pd.DataFrame(items).to_parquet(extra / "items.parquet")
    return target


def write_warm_up(version_folder, inputs):
    """Writes a warm-up file of one request to `recommend`."""
    log = prediction_log_pb2.PredictionLog()
    request = log.predict_log.request
    request.model_spec.name = "toy"
    request.model_spec.signature_name = "recommend"
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    path = pathlib.Path(version_folder, "assets.extra", "tf_serving_warmup_requests")
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(log.SerializeToString())


def embedding_oracle(history=(), user_text="", query_text="", now=0):
    """The docstring above in plain Python; history of `(id, event, value, time)`.

    A text may follow the time.
    """
    vectors = dict(zip(ITEM_IDS, VECTORS.astype(float), strict=True))
    total = np.array([len(user_text.encode()), len(query_text.encode())]) * 0.1
    for item_id, event, value, timestamp, *texts in history:
        total[1] += 0.1 * sum(len(text.encode()) for text in texts)
        decay = 0.5 ** (max(now - timestamp, 0) / DAY_S) if now else 1.0
        sign = -1.0 if event == "skip" else 1.0
        total = total + sign * value * decay * vectors.get(item_id, np.zeros(2))
    return total


def ranking_oracle(embedding, hidden=(), k=10):
    """Ids, best first, ties to the earlier item."""
    scores = VECTORS.astype(float) @ embedding
    order = np.argsort(-scores.round(6), kind="stable")
    return [ITEM_IDS[row] for row in order if ITEM_IDS[row] not in hidden][:k]
