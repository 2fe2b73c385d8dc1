"""Requests in few words, and the graphs that answer them, traced once each."""

import numpy as np
import tensorflow as tf

from tests.model.checkerboard import START
from tfrec.inference.request import PopularItems, QueryInputs, RequestOptions

SOON = START + 86400  # when item 0 is still on offer
QUERY_SPECS = QueryInputs(
    *(tf.TensorSpec([None], tf.string) for _ in range(2)),
    *(tf.TensorSpec([None, None], tf.string) for _ in range(3)),
    tf.TensorSpec([None, None], tf.float32),
    tf.TensorSpec([None, None], tf.int64),
    tf.TensorSpec([None], tf.int64),
)
WISH_SPECS = RequestOptions(
    tf.TensorSpec([None], tf.int64),
    tf.TensorSpec([None], tf.int32),
    *(tf.TensorSpec([None, None], tf.string) for _ in range(4)),
    *(tf.TensorSpec([None], tf.float32) for _ in range(2)),
    tf.TensorSpec([None, None], tf.string),
    tf.TensorSpec([None, None], tf.float32),
    *(tf.TensorSpec([None], tf.float32) for _ in range(2)),
)
POPULAR_SPECS = PopularItems(
    tf.TensorSpec([None, None], tf.string),
    *(tf.TensorSpec([None, None], tf.float32) for _ in range(2)),
    tf.TensorSpec([None], tf.float32),
)
NAMED = tf.TensorSpec([None, None], tf.string)


class Asked:
    """The methods of an `Inference` as graphs; answers are NumPy's."""

    def __init__(self, inference):
        self._recommend = tf.function(
            inference.recommend,
            input_signature=[QUERY_SPECS, WISH_SPECS, tf.TensorSpec([None], tf.bool)],
        )
        self._embed = tf.function(inference.embed_query, input_signature=[QUERY_SPECS])
        self._score = tf.function(
            inference.score_interest, input_signature=[QUERY_SPECS, NAMED]
        )
        self._explain = tf.function(
            inference.explain, input_signature=[QUERY_SPECS, NAMED]
        )

    def recommend(self, query, allow_repeats=(False,), **options):
        """`(item_ids, scores, probabilities)`, ids as str."""
        options = make_options(**options)
        ids, scores, chances = self._recommend(
            query, options, tf.constant(allow_repeats)
        )
        return ids.numpy().astype(str), scores.numpy(), chances.numpy()

    def embed(self, query):
        """Interest vectors."""
        return self._embed(query).numpy()

    def score(self, query, item_ids):
        """Probabilities of named items."""
        return self._score(query, tf.constant(item_ids)).numpy()

    def explain(self, query, item_ids):
        """Each event's share in each named item."""
        return self._explain(query, tf.constant(item_ids)).numpy()


def names(*numbers):
    """Item ids of the checkerboard: `names(3)` is `["i03"]`."""
    return [f"i{number:02d}" for number in numbers]


def make_query(histories, times=None, **given):
    """`QueryInputs` of one list of item ids per user; what is not given is the default.

    Args:
        histories: lists of item ids, oldest first; `""` is padding.
        times: lists of UTC seconds, or None for an event each minute from `START`.
        **given: other inputs of `QueryInputs`.
    """
    if times is None:
        times = [[START + 60 * i for i in range(len(each))] for each in histories]
    defaults = {
        "user_text": [""] * len(histories),
        "query_text": [""],
        "history_item_ids": padded(histories, ""),
        "history_texts": [[""]],
        "history_events": [[""]],
        "history_values": [[np.nan]],
        "history_timestamps": padded(times, 0),
        "now": [0],
    }
    return _tensors(QUERY_SPECS, defaults | given)


def make_options(**given):
    """`RequestOptions` at a time when all items are on offer."""
    defaults = {
        "now": [SOON],
        "k": [10],
        "exclude_item_ids": [[""]],
        "met_item_ids": [[""]],
        "categories": [[""]],
        "domain": [[""]],
        "min_probability": [0.0],
        "diversity": [0.0],
        "boost_labels": [[""]],
        "boost_values": [[0.0]],
        "freshness_weight": [0.0],
        "freshness_half_life_hours": [0.0],
    }
    return _tensors(WISH_SPECS, defaults | given)


def make_popular(named, totals=(0.0,)):
    """`PopularItems` of one list of `(item id, count, recent count)` per user."""
    ids, counts, recent = (
        padded([[each[place] for each in row] for row in named], padding)
        for place, padding in enumerate(("", 0, 0))
    )
    given = dict(zip(PopularItems._fields, (ids, counts, recent, totals), strict=True))
    return _tensors(POPULAR_SPECS, given)


def answers(ids):
    """Ids without the padding, which must come last."""
    is_real = ids != ""
    assert (np.diff(is_real.astype(int)) <= 0).all()
    return ids[is_real].tolist()


def padded(rows, padding):
    """Lists of one length, at least 1."""
    width = max(1, *map(len, rows))
    return [[*row, *[padding] * (width - len(row))] for row in rows]


def _tensors(specs, given):
    named = {name: specs._asdict()[name] for name in given}
    return type(specs)(**{n: tf.constant(given[n], s.dtype) for n, s in named.items()})
