"""A saved model's online interest vectors, replayed on a log."""

import dataclasses
import functools
import logging

import numpy as np

from tfrec.data.interactions import Queries
from tfrec.data.split import make_split
from tfrec.evaluation.evaluate import mean_ndcg
from tfrec.inference.interest_decay import InterestSettings

logger = logging.getLogger(__name__)

MAX_QUERIES = 1000  # on which settings are chosen
ROUNDS = 2  # over all settings
# Tried one after the other, the first first.
GRID = {
    "half_life_events": (1.5, 2.0, 3.0, 5.0, 8.0, 20.0),
    "learning_rate": (0.1, 0.2, 0.5, 1.0, 2.0, 4.0),
    "long_term_share": (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0),
    "half_life_s": (300.0, 3600.0, 86_400.0, 604_800.0),
}


class InterestVectors:
    """A recommender that sees of a user one vector, moved by each event since the cut.

    Args:
        recommender: `SavedRecommender`.
        cut: int UTC seconds; what came before is in the long-term vectors.
        settings: `InterestSettings`.
    """

    name = "interest vector"

    def __init__(self, recommender, cut, settings):
        self._recommender, self._cut, self.settings = recommender, cut, settings
        self._log = self._long_term = self._track = None

    def fit(self, train, items):
        """Does nothing: the model has been trained."""
        return self

    def score(self, queries):
        """`[num_queries, num_items]` float32 scores."""
        return self._recommender.score_interests(self.interests(queries), queries)

    def follow(self, settings):
        """Takes other settings."""
        is_same_track = settings == dataclasses.replace(
            self.settings, long_term_share=settings.long_term_share
        )
        if not is_same_track:
            self._track = None
        self.settings = settings

    def interests(self, queries):
        """`[num_queries, dim]` vectors that the questions are asked with."""
        if self._log is not queries.interactions:
            self._log, self._track = queries.interactions, None
            self._long_term = _long_term(self._recommender, self._log, self._cut)
        if self._track is None:
            self._track = _replay(
                self._recommender, self._log, self._cut, self.settings, self._long_term
            )
        return self._track.query_vectors(queries, self.settings)


@dataclasses.dataclass(frozen=True)
class _Track:
    """Interest vectors after each event since the cut."""

    starts: np.ndarray  # [num_users] each user's first event since the cut
    long_term: np.ndarray  # [num_users, dim]
    after: np.ndarray  # [num_late, dim]
    places: np.ndarray  # [num_events] of an event in `after`
    timestamps: np.ndarray  # [num_events]

    def query_vectors(self, queries, settings):
        """`[num_queries, dim]`: the vectors at the moments of the questions."""
        users, last = queries.user_rows, queries.history_ends - 1
        long_term = self.long_term[users]
        has_moved = last >= self.starts[users]
        events = np.where(has_moved, last, 0)
        interest = np.where(
            has_moved[:, None], self.after[self.places[events]], long_term
        )
        seconds = np.where(has_moved, queries.timestamps - self.timestamps[events], 0)
        return settings.query_vector(
            settings.decayed(interest, long_term, seconds), long_term
        )


def _replay(recommender, log, cut, settings, long_term):
    """Events since the cut, each user's in order, all users side by side."""
    late = log.timestamps >= cut
    places = np.cumsum(late) - 1
    starts = _starts(log, cut)
    counts = log.offsets[1:] - starts
    after = np.empty((max(1, int(late.sum())), long_term.shape[1]), np.float32)
    current, times = long_term.copy(), np.full(log.num_users, cut)
    for step in range(counts.max(initial=0)):
        users = np.flatnonzero(counts > step)
        events = starts[users] + step
        seconds = log.timestamps[events] - times[users]
        before = settings.decayed(current[users], long_term[users], seconds, 1)
        reward = (log.labels[events] >= 0).astype(np.float32)
        rates = np.full(len(users), settings.learning_rate, np.float32)
        ids = log.item_ids[log.item_rows[events]]
        moved = recommender.update_interests(before, ids, reward, rates)
        current[users] = after[places[events]] = moved
        times[users] = log.timestamps[events]
    return _Track(starts, long_term, after, places, log.timestamps)


def _starts(log, cut):
    """`[num_users]`: place of each user's first event since the cut."""
    late = log.timestamps >= cut
    return log.offsets[1:] - np.bincount(log.user_rows[late], minlength=log.num_users)


def _long_term(recommender, log, cut):
    """`[num_users, dim]`: what the histories before the cut come to."""
    queries = Queries(
        interactions=log,
        user_rows=np.arange(log.num_users, dtype=np.int32),
        history_ends=_starts(log, cut),
        timestamps=np.full(log.num_users, cut),
        target_offsets=np.zeros(log.num_users + 1, np.int64),
        target_rows=np.zeros(0, np.int32),
    )
    return np.concatenate(
        [recommender.interests(part) for part in queries.in_batches()]
    )


def choose_settings(recommender, config, train):
    """The settings that rank best what the last part before the cut asks.

    They are tried one after the other, twice.

    Args:
        recommender: `SavedRecommender`.
        config: `Config`.
        train: `Interactions` before the cut.

    Returns:
        `InterestSettings`.
    """
    repeats = config.data.allow_repeats
    split = make_split(
        train,
        "rolling",
        config.evaluation.validation_fraction,
        allow_repeats=repeats,
        seed=config.evaluation.seed,
        max_queries=MAX_QUERIES,
    )
    vectors = InterestVectors(recommender, split.cut, InterestSettings())

    @functools.cache
    def measure(settings):
        vectors.follow(settings)
        return mean_ndcg(vectors, split.queries, repeats)

    found, best = vectors.settings, measure(vectors.settings)
    for _ in range(ROUNDS):
        for name, values in GRID.items():
            for value in values:
                tried = dataclasses.replace(found, **{name: value})
                reached = measure(tried)
                if reached > best:
                    found, best = tried, reached
    logger.info("Chosen for the interest vector: %s, NDCG@10 %.4f.", found, best)
    return found
