"""The data of a run: read, cleaned, counted, and encoded."""

import dataclasses
import functools
import logging

from tfrec.data.clean import clean
from tfrec.data.feedback import FeedbackRules
from tfrec.data.interactions import Interactions, encode
from tfrec.data.item_order import unknown_ids, words_of_unknown
from tfrec.data.item_words import read_with_words
from tfrec.data.log_features import with_feature_words
from tfrec.data.people import with_people
from tfrec.data.schema import Dataset
from tfrec.datasets.registry import load_dataset
from tfrec.errors import ConfigError

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


def load_run_data(config):
    """What `data.folder` or `data.dataset` names, as a run learns from it.

    Args:
        config: `Config`.

    Returns:
        `RunData`.

    Raises:
        ConfigError: neither or both are given, or a feedback rule is wrong.
        DataError: the tables are wrong; all problems are in the message.
        DownloadError: a public data set cannot be had.
    """
    return prepare(read_log(config), config)


def read_log(config):
    """Reads what `data.folder` or `data.dataset` names.

    Args:
        config: `Config`.

    Returns:
        `Dataset`, as it is in the files.

    Raises:
        ConfigError: neither or both are given.
        DataError: the tables are wrong; all problems are in the message.
        DownloadError: a public data set cannot be had.
    """
    how, features = config.data, config.features
    if bool(how.folder) == bool(how.dataset):
        raise ConfigError(
            "One of `data.folder` and `data.dataset` must be set. Received: "
            f"{how.folder!r} and {how.dataset!r}."
        )
    logger.info("Reading %s.", how.folder or how.dataset)
    if how.folder:
        return read_with_words(how.folder, how, features)
    return with_people(load_dataset(how.dataset, features=features), how.people)


def prepare(dataset, config):
    """A data set as a run learns from it: cleaned, encoded, labelled.

    Args:
        dataset: `Dataset` with the columns that `config.features` names.
        config: `Config`, for what counts as interest.

    Returns:
        `RunData`.

    Raises:
        ConfigError: a feedback rule is wrong.
        DataError: texts shall hold the items' words, and there are none.
    """
    how, features = config.data, config.features
    rules = FeedbackRules(
        positive=how.positive,
        negative=how.negative,
        event_weights=how.event_weights,
        half_life_days=how.half_life_days,
    )
    rules.check(dataset.events)
    of_interest = _interest_rules(config.interest, dataset.events)
    unknown = unknown_ids(dataset.items.after, dataset.items.frame["item_id"])
    if unknown:
        logger.warning("%s: %s", dataset.name, words_of_unknown(unknown))
    events, report = clean(dataset.events)
    dataset = with_feature_words(dataset, features)
    items = dataset.items.reading_words() if how.words_in_texts else dataset.items
    dataset = dataclasses.replace(dataset, events=events, items=items)
    logger.info(
        "Read %d events; removed %d duplicates.", len(events), report.num_duplicates
    )
    seed = config.evaluation.seed
    interactions = encode(dataset, rules, seed, features, of_interest)
    if not interactions.has_times:
        logger.warning(NO_TIMES)
    return RunData(dataset, interactions, dataset.digest(), report.num_duplicates)


def _interest_rules(interest, events):
    """`FeedbackRules` of an `InterestConfig`, or None where it has none."""
    if not (interest.positive or interest.negative):
        return None
    rules = FeedbackRules(positive=interest.positive, negative=interest.negative)
    rules.check(events, "interest")
    return rules
