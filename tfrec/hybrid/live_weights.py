"""How much live counts of events move popularity, chosen on the log itself."""

import dataclasses
import logging

import numpy as np
import tensorflow as tf

from tfrec.data.fading import rise
from tfrec.data.log_counts import LogCounts
from tfrec.evaluation import metrics
from tfrec.evaluation.evaluate import strike_forbidden
from tfrec.evaluation.ranks import ranks_of_blends
from tfrec.hybrid.live_popularity import LiveCounts
from tfrec.hybrid.offline_scores import HybridRecommender
from tfrec.hybrid.weight_search import spread

logger = logging.getLogger(__name__)

GRID = (0.0, 0.125, 0.25, 0.5, 1.0, 2.0, 4.0)  # times the spread of scores over levels
NAMED = 100  # items of the largest counts, and as many of the largest rises
MOST = 1000  # questions
DEPTH = 10  # of the lists that are judged


class LiveMoves:
    """What a server's counts of a log's events say at the time of each question.

    Args:
        live: `LivePopularity`.
        interactions: `Interactions`, the whole log.
        is_counted: `[n]` bool, the events that the server counts.
    """

    def __init__(self, live, interactions, is_counted):
        self._live, self._num_items = live, interactions.num_items
        counted = interactions.select(is_counted & (interactions.labels > 0))
        self._counts = None
        if len(counted):
            self._counts = LogCounts(counted.item_rows, counted.timestamps)

    def of(self, times):
        """How far levels moved, and rises, 0 for items that a server does not name.

        Args:
            times: `[n]` int array, UTC seconds, of questions.

        Returns:
            Two `[n, num_items]` float32 arrays.
        """
        both = np.zeros((2, len(times), self._num_items), np.float32)
        if self._counts is None:
            return both
        rows = self._counts.rows
        fast, slow = self._counts.at(times)
        counts = (slow, fast, self._counts.total_at(times))
        counts = LiveCounts(*(tf.constant(each, tf.float32) for each in counts))
        now = tf.constant(times, tf.int64)
        moves = self._live.moves(tf.constant(rows[None], tf.int32), counts, now)
        is_named = (slow > 0) & (_largest(slow) | _largest(rise(fast, slow)))
        both[:, :, rows] = np.where(is_named, moves, 0.0)
        return both


def choose_live_weights(model, train, queries, held_out):
    """Chooses them on questions of validation, each with the counts of its moment.

    Events since the end of what the model learnt from are counted as they come, of all
    people, strictly before each question. Of pairs of weights that are not worse than
    the best by more than a standard error, it is the one with the least weights: none
    at all where live counts teach nothing.

    Args:
        model: `HybridModel` whose weights were chosen.
        train: `Interactions` that it learnt from.
        queries: `Queries` from after them.
        held_out: `[n]` bool, which events of `queries.interactions` came since.

    Reference:
        Breiman, Friedman, Olshen, Stone, Classification and Regression Trees, 1984,
        section 3.4.3, on the rule of one standard error.
    """
    if not train.has_times or not (train.labels > 0).any():
        return
    model.fit_popularity(train)
    without = model.weights
    model.weights = dataclasses.replace(without, live=(1.0, 1.0))
    hybrid = model.hybrid_scorer()
    moves = LiveMoves(hybrid.live, queries.interactions, held_out)
    rng = np.random.default_rng(model.towers.seed)
    asked = queries.take(np.sort(rng.permutation(len(queries))[:MOST]))
    unit, reached = _reached(hybrid, moves, asked, model.towers.allow_repeats)
    of_level, of_rise = _steady_best(reached, asked.user_rows)
    logger.debug(
        "Live counts: NDCG@%d %.4f without, %.4f with weights %g and %g.",
        *(DEPTH, reached[0, 0].mean(), reached[of_level, of_rise].mean()),
        *(GRID[of_level], GRID[of_rise]),
    )
    chosen = (unit * GRID[of_level], unit * GRID[of_rise])
    model.weights = dataclasses.replace(without, live=chosen)


def _reached(hybrid, moves, queries, allow_repeats):
    """`(unit of weights, [levels, rises, queries] NDCG)` for the grid of weights."""
    ranked, unit, parts = HybridRecommender(hybrid), None, []
    of_level = spread(hybrid.live.levels.numpy())
    for batch in queries.in_batches():
        scores = ranked.score(batch)
        strike_forbidden(scores, batch, allow_repeats)
        unit = unit or spread(scores) / of_level
        moved, rises = moves.of(batch.timestamps)
        rises *= unit
        targets = (batch.target_offsets, batch.target_rows)
        parts.append(
            [
                [
                    metrics.ndcg(ranks, batch.target_offsets, DEPTH)
                    for ranks in ranks_of_blends(
                        scores + unit * weight * moved, rises, GRID, *targets, DEPTH
                    )
                ]
                for weight in GRID
            ]
        )
    return unit, np.concatenate(parts, axis=2)


def _steady_best(reached, users):
    """Places in the grid of the least weights that reach about the best."""
    num_levels, num_rises, num_queries = reached.shape
    means = reached.mean(axis=2)
    best = reached[np.unravel_index(means.argmax(), means.shape)]

    def is_as_good(place):
        lost = np.bincount(users, best - reached[place])  # a person's together
        return lost.sum() <= np.sqrt((lost**2).sum())

    places = [*np.ndindex(num_levels, num_rises)]
    good = [place for place in places if is_as_good(place)]
    return min(good, key=lambda place: (sum(place), -means[place]))


def _largest(values):
    """Which of `[n, m]` values are among the `NAMED` largest of their row."""
    if values.shape[1] <= NAMED:
        return np.ones_like(values, bool)
    least = -np.partition(-values, NAMED - 1, axis=1)[:, NAMED - 1 : NAMED]
    return values >= least
