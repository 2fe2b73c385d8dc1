"""The data of a run: read, cleaned, counted, and encoded."""

import dataclasses
import functools
import logging

from tfrec.data.clean import clean
from tfrec.data.feedback import FeedbackRules
from tfrec.data.interactions import Interactions, encode
from tfrec.data.item_words import read_with_words
from tfrec.data.log_features import with_feature_words
from tfrec.data.schema import Dataset
from tfrec.datasets.registry import load_dataset
from tfrec.errors import ConfigError
from tfrec.feature_columns import FeaturesConfig

logger = logging.getLogger(__name__)

NO_TIMES = (
    "No event has a time. The model learns which items go together, and nothing of "
    "order, recency and what comes next; it is evaluated on events of each user held "
    "out at random. If a column has the times, map it with `data.columns`."
)


@dataclasses.dataclass(frozen=True)
class RunData:
    """What a run learns from."""

    dataset: Dataset
    interactions: Interactions
    digest: str
    num_duplicates: int  # events that were removed

    @functools.cached_property
    def rows_of(self):
        """User id -> places in `dataset.events.frame`, in order of time."""
        return self.dataset.events.frame.groupby("user_id", sort=False).indices


def load_run_data(config, seed=0, features=None):
    """Reads what `data.folder` or `data.dataset` names.

    Args:
        config: `DataConfig`.
        seed: int, as `encode` takes it.
        features: `FeaturesConfig`, or None for none.

    Returns:
        `RunData`.

    Raises:
        ConfigError: neither or both are given, or a feedback rule is wrong.
        DataError: the tables are wrong; all problems are in the message.
        DownloadError: a public data set cannot be had.
    """
    if bool(config.folder) == bool(config.dataset):
        raise ConfigError(
            "One of `data.folder` and `data.dataset` must be set. Received: "
            f"{config.folder!r} and {config.dataset!r}."
        )
    logger.info("Reading %s.", config.folder or config.dataset)
    if config.folder:
        dataset = read_with_words(config.folder, config, features)
    else:
        dataset = load_dataset(config.dataset, features=features)
    return prepare(dataset, config, seed, features)


def prepare(dataset, config, seed=0, features=None):
    """A data set as a run learns from it: cleaned, encoded, labelled.

    Args:
        dataset: `Dataset`.
        config: `DataConfig`, for what counts as interest.
        seed: int, as `encode` takes it.
        features: `FeaturesConfig` of columns that the data set has, or None.

    Returns:
        `RunData`.

    Raises:
        ConfigError: a feedback rule is wrong.
        DataError: texts shall hold the items' words, and there are none.
    """
    rules = FeedbackRules(
        positive=config.positive,
        negative=config.negative,
        event_weights=config.event_weights,
        half_life_days=config.half_life_days,
    )
    rules.check(dataset.events)
    events, report = clean(dataset.events)
    features = features or FeaturesConfig()
    dataset = with_feature_words(dataset, features)
    items = dataset.items.reading_words() if config.words_in_texts else dataset.items
    dataset = dataclasses.replace(dataset, events=events, items=items)
    logger.info(
        "Read %d events; removed %d duplicates.", len(events), report.num_duplicates
    )
    interactions = encode(dataset, rules, seed, features)
    if not interactions.has_times:
        logger.warning(NO_TIMES)
    return RunData(dataset, interactions, dataset.digest(), report.num_duplicates)
