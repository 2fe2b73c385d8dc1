"""Which values a configuration may have, beside their types."""

import math

from tfrec.files import NAME_RULE, is_file_name
from tfrec.plugins import INDEXES, SCORERS, TEXT_ENCODERS

FEATURES = ("event", "value", "time", "profile", "texts")  # of a history, beside items
PENALTIES = (  # keys of `linear` that keep a solution small
    *("ease_ridge", "sequential_ease_ridge", "rating_ridge", "text_ridge"),
    *("logistic_l2", "spectral_smoothing"),
)


def rules(config):
    """`(key, function of its value, rule in words)` of each value that has a rule.

    Args:
        config: `Config`.
    """

    def positive(value):
        return value > 0

    def is_share(value):
        return 0 < value < 1

    encoders = ["auto", "none", "precomputed", *TEXT_ENCODERS]
    indexes = ["auto", "none", *INDEXES]
    share = "between 0 and 1, both excluded"
    return [
        ("data.half_life_days", lambda v: v >= 0, "at least 0"),
        ("train.batch_size", lambda v: v >= 2, "at least 2: other rows are negatives"),
        ("train.max_epochs", positive, "positive"),
        ("train.epoch_steps", positive, "positive"),
        ("train.patience", positive, "positive"),
        ("train.learning_rate", positive, "positive"),
        ("train.clip_norm", positive, "positive"),
        ("train.checkpoint_every", positive, "positive"),
        ("train.warmup", lambda v: 0 <= v < 1, "at least 0 and below 1"),
        ("model.temperature", positive, "positive, because scores are divided by it"),
        ("model.embedding_dim", positive, "positive"),
        (
            "model.embedding_dim",
            _divides(config.model.num_heads),
            "a multiple of heads",
        ),
        ("model.max_history_length", positive, "positive"),
        ("model.window_length", positive, "positive"),
        ("model.dropout", lambda v: 0 <= v < 1, "at least 0 and below 1"),
        ("model.id_dropout", lambda v: 0 <= v <= 1, "between 0 and 1"),
        ("model.text_encoder", _only_one(encoders), f"one of {', '.join(encoders)}"),
        ("model.scorers", _only(SCORERS), f"some of {', '.join(SCORERS)}"),
        ("model.half_life_days", lambda v: 0 <= v < math.inf, "at least 0 and finite"),
        ("model.new_item_cost", lambda v: 0 <= v < 1, "at least 0 and below 1"),
        ("model.features", _only(FEATURES), f"some of {', '.join(FEATURES)}"),
        *_linear_rules(),
        ("text.max_length", lambda v: v >= 3, "at least 3: [CLS], a word and [SEP]"),
        ("evaluation.test_fraction", is_share, share),
        ("evaluation.validation_fraction", is_share, share),
        ("evaluation.threshold", lambda v: 0 <= v < 1, "at least 0 and below 1"),
        ("evaluation.watts_per_core", positive, "positive"),
        ("export.index", _only_one(indexes), f"one of {', '.join(indexes)}"),
        ("export.recall", is_share, share),
        ("run.name", is_file_name, NAME_RULE),
    ]


def _linear_rules():
    def is_right(value):
        return 0 < value < math.inf

    rule = "positive and finite, because without it solutions have no bound"
    return [
        *((f"linear.{name}", is_right, rule) for name in PENALTIES),
        ("linear.bm25_k1", lambda v: 0 <= v < math.inf, "at least 0 and finite"),
        ("linear.bm25_b", lambda v: 0 <= v <= 1, "between 0 and 1"),
    ]


def _divides(divisor):
    return lambda value: divisor > 0 and value % divisor == 0


def _only_one(known):
    return lambda value: value in known


def _only(known):
    return lambda values: set(values) <= set(known)
