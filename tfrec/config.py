"""Configuration: one frozen dataclass per concern, read from TOML.

A run is described by one `Config`; every default is here, every field says its
unit, and the whole of it is written next to each checkpoint and saved model.
"""

import dataclasses
import json
import logging
import tomllib
import typing
from dataclasses import dataclass, field
from typing import Literal

from tfrec.config_rules import FEATURES, rules
from tfrec.errors import ConfigError
from tfrec.feature_columns import FeaturesConfig
from tfrec.plugins import SCORERS
from tfrec.toml import known_name, read_section, read_toml

logger = logging.getLogger(__name__)

# Former names of keys and of scorers; they go with the next version.
FORMER_KEYS = {
    "model": {
        "blocks": "scorers",
        "collaborative_dim": "item_to_item_dim",
        "lexical_dim": "bm25_dim",
    }
}
FORMER_SCORERS = {
    "collaborative": "item_to_item",
    "lexical": "bm25",
    "prior": "popularity",
    "opinion": "rating_factors",
}
OF_FILES = {  # keys that say where a program reads and writes
    *(("data", "folder"), ("data", "dataset"), ("export", "folder")),
    *(("run", "folder"), ("run", "name")),
}


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """Where the logs are and what in them counts as interest."""

    folder: str = ""  # events, items and users as parquet, csv or jsonl
    dataset: str = ""  # "movielens-100k" or "complete-journey", instead of a folder
    columns: dict = field(default_factory=dict)  # our name -> name in the files
    positive: list = field(default_factory=list)  # "purchase", "rating>=4"; [] = all
    negative: list = field(default_factory=list)  # "skip", "rating<=2"
    event_weights: dict = field(default_factory=dict)  # event -> loss weight
    half_life_days: float = 0.0  # of events' loss weights; 0 = the old count as well
    on_bad_rows: Literal["raise", "quarantine"] = "raise"
    repeats: Literal["auto", "never", "allowed"] = "auto"  # may items come again?
    words_in_texts: bool = False  # items' texts end with their keywords and topic
    people: str = ""  # domain that users have as items to recommend; "" = they are none

    @property
    def allow_repeats(self):
        """Whether items may come again.

        Raises:
            ConfigError: that is left to the log; `tfrec.training.resolving` decides.
        """
        if self.repeats == "auto":
            raise ConfigError(
                '`data.repeats` must be "never" or "allowed" by now. Received: "auto", '
                "which `tfrec.training.resolving.resolved` decides by the log."
            )
        return self.repeats == "allowed"


@dataclass(frozen=True, kw_only=True)
class InterestConfig:
    """What probabilities of interest are of, if not of what lists are learnt from."""

    positive: list = field(default_factory=list)  # "rating>=4"; both [] = as in `data`
    negative: list = field(default_factory=list)  # "rating<=2"


@dataclass(frozen=True, kw_only=True)
class TextConfig:
    """The text tower."""

    # "minilm", "multilingual", Hugging Face folder, KerasHub preset; auto: by the texts
    preset: str = "auto"
    pooling: Literal["mean", "cls"] = "mean"  # of a BERT's tokens into one vector
    query_prefix: str = ""  # before what people write, such as "query: "
    item_prefix: str = ""  # before the texts of items, such as "passage: "
    max_length: int = 64  # tokens; longer text is cut
    trainable_layers: int = 0  # last BERT blocks that learn; -1 = all of them
    vocabulary_size: int = 8000  # WordPieces of the LSTM tower
    lstm_units: int = 128  # of the LSTM tower, over both directions
    shared: bool = True  # one learning tower for items and people's texts, or two


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """The two towers."""

    # "bert", "lstm", "precomputed" (column `vector` of the items), "none"
    text_encoder: str = "auto"  # bert where there are texts
    history_encoder: Literal["attention", "lstm"] = "attention"
    embedding_dim: int = 64  # of the towers
    max_history_length: int = 500  # latest events that the closed-form scorers read
    window_length: int = 50  # the latest of them that the query tower reads
    num_layers: int = 1  # of the history encoder
    num_heads: int = 2  # of the attention encoder
    dropout: float = 0.3  # share of activations
    id_dropout: float = 0.5  # share of items whose id part is dropped in training
    temperature: float = 1.0  # of the softmax; scores are divided by it
    scorers: list = field(default_factory=lambda: [*SCORERS])  # beside the towers
    features: list = field(default_factory=lambda: [*FEATURES])  # the towers read
    item_to_item_dim: int = 64  # its rank; validation may take 4 times it
    bm25_dim: int = 256  # of the words' vectors; validation may take 4 times it
    # Of popularity and of what item_to_item learns; 0 = 0.1 and 0.55 of the log's time
    half_life_days: float = 0.0
    new_item_cost: float = 0.1  # share of known items' NDCG@10 that new ones may take


@dataclass(frozen=True, kw_only=True)
class LinearConfig:
    """The closed forms: scorers, words of the texts, and where item ids begin."""

    ease_ridge: float = 5.0  # times the mean number of an item's people
    sequential_ease_ridge: float = 2.5  # times the mean second moment of a feature
    rating_ridge: float = 3.0  # on factors and biases; reactions are about -1 to 1
    text_ridge: float = 4.0  # times the variance of text vectors; places new items
    logistic_l2: float = 1e-3  # on standardised slopes; else they may be infinite
    bm25_k1: float = 1.2  # how many repetitions of a word still count
    bm25_b: float = 0.75  # discount of the words of long texts; 0 = none, 1 = whole
    spectral_smoothing: float = 5.0  # choices added to each item's, where ids begin


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """The training loop."""

    batch_size: int = 32  # windows of `model.window_length` events
    max_epochs: int = 6
    epoch_steps: int = 400  # at most; a large log is not seen whole in an epoch
    patience: int = 3  # epochs without a validation NDCG@10 like the best
    learning_rate: float = 4e-3  # peak, reached after the warm-up
    warmup: float = 0.05  # share of all steps
    weight_decay: float = 0.01
    clip_norm: float = 1.0  # global gradient norm
    num_negatives: int = 0  # sampled per step; 0 = the whole catalogue if small
    interest_weight: float = 0.2  # of the sigmoid head's loss beside the softmax
    refit: Literal["all", "train"] = "all"  # what the saved model has learnt from
    mixed_precision: bool = False  # bfloat16 activations
    deterministic: bool = False  # bit-equal runs, slower
    checkpoint_every: int = 200  # steps
    seed: int = 42


@dataclass(frozen=True, kw_only=True)
class EvaluationConfig:
    """How the result is judged."""

    # auto: "rolling", or "random" for a log without times
    split: Literal[
        "auto", "rolling", "global", "leave-last-out", "cold-items", "random"
    ] = "auto"
    test_fraction: float = 0.1  # of the events in time, of the items, of each user's
    validation_fraction: float = 0.1  # of what remains
    max_queries: int = 10_000  # a seeded sample beyond it
    bootstrap_samples: int = 1000  # for the 95 % intervals
    baselines: bool = True  # train and show them too
    threshold: float = 0.0  # of P(interest) in the card; 0 = best F1 on validation
    groups: list = field(default_factory=list)  # columns of users; [] = all that fit
    watts_per_core: float = 12.0  # of a busy one, for the estimate of energy
    seed: int = 42  # of what is drawn: cold items, random splits, queries, users


@dataclass(frozen=True, kw_only=True)
class ExportConfig:
    """The saved model."""

    folder: str = "saved_models"
    index: str = "auto"  # "exact", "scann" or one of your own; "none": only judge
    recall: float = 0.98  # recall@10 that an index which may miss the best must reach
    quantize: bool = False  # 8-bit vectors in an index that can, for less memory


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """Where a run keeps its files."""

    name: str = "tfrec"  # also the model's name on the server
    folder: str = "runs"


@dataclass(frozen=True, kw_only=True)
class Config:
    """Everything that decides a run."""

    data: DataConfig = field(default_factory=DataConfig)
    interest: InterestConfig = field(default_factory=InterestConfig)
    features: FeaturesConfig = field(default_factory=FeaturesConfig)
    text: TextConfig = field(default_factory=TextConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    linear: LinearConfig = field(default_factory=LinearConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    export: ExportConfig = field(default_factory=ExportConfig)
    run: RunConfig = field(default_factory=RunConfig)

    def __post_init__(self):
        for name, is_right, rule in rules(self):
            section, key = name.split(".")
            value = getattr(getattr(self, section), key)
            if not is_right(value):
                raise ConfigError(f"`{name}` must be {rule}. Received: {value!r}.")


def load_config(path=None, overrides=()):
    """Defaults, then the file, then `section.key=value` overrides.

    Args:
        path: TOML file, or None.
        overrides: strings such as `"train.max_epochs=3"`; values are TOML.

    Returns:
        A `Config`.

    Raises:
        ConfigError: the file is missing or not TOML, a section or key is
            unknown, or a value has the wrong type or range.
    """
    values = {} if path is None else read_toml(path)
    for override in overrides:
        name, equals, value = override.partition("=")
        section, dot, key = name.partition(".")
        if not equals or not dot:
            raise ConfigError(
                f"An override must read `section.key=value`. Received: {override!r}."
            )
        values.setdefault(section, {})[key] = _parse_value(value)
    return from_dict(values)


def from_dict(values):
    """A `Config` from nested dicts, the inverse of `dataclasses.asdict`.

    Raises:
        ConfigError: a section or key is unknown, or a value is of the wrong type.
    """
    return Config(**{name: _section(name, keys) for name, keys in values.items()})


def from_settings(settings, config=None):
    """A `Config` from keys of it by their own names, for calls from Python.

    Args:
        settings: dict such as `{"max_epochs": 3}`. A key of several sections, `seed`,
            sets it in each. A dict of keys sets those of the section of that name, as
            in `{"features": {"items": {"price": "number"}}}`.
        config: `Config` that they change, or None for the defaults.

    Raises:
        ConfigError: a key is unknown, or belongs to files; or a value is wrong.
    """
    values = dataclasses.asdict(config or Config())
    sections: dict[str, list] = {}
    for section, keys in values.items():
        for key in keys:
            if (section, key) not in OF_FILES:
                sections.setdefault(key, []).append(section)
    for key, value in settings.items():
        if key in values and isinstance(value, dict):
            values[key] |= value
            continue
        for section in sections[known_name(key, sections, "setting")]:
            values[section][key] = value
    return from_dict(values)


def to_json(config):
    """The whole configuration as sorted JSON, the form that is stored."""
    return json.dumps(dataclasses.asdict(config), indent=2, sort_keys=True)


def _section(name, values):
    sections = typing.get_type_hints(Config)
    cls = sections[known_name(name, sections, "section")]
    if isinstance(values, dict):
        values = _with_new_names(name, values)
    return read_section(cls, name, values)


def _with_new_names(section, values):
    """The values of a section, former names of its keys and scorers as they are now."""
    renamed, known = {}, FORMER_KEYS.get(section, {})
    for key, value in values.items():
        if key in known:
            _warn(f"{section}.{key}", f"{section}.{known[key]}")
        key = known.get(key, key)
        if (section, key) == ("model", "scorers") and isinstance(value, list):
            for each in value:
                if each in FORMER_SCORERS:
                    _warn(each, FORMER_SCORERS[each])
            value = [FORMER_SCORERS.get(each, each) for each in value]
        renamed[key] = value
    return renamed


def _warn(former, name):
    logger.warning("`%s` is now called `%s`; write that instead.", former, name)


def _parse_value(text):
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text  # a bare word is a string
