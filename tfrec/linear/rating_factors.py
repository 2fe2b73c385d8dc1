"""Rating factors: would a user like an item, by what was liked and what was not?"""

import math

import numpy as np
import tensorflow as tf

from tfrec.data.history import history_of, value_scale
from tfrec.data.packing import pack_histories
from tfrec.data.split import next_item_queries
from tfrec.linear.als import factorise
from tfrec.linear.logistic import fit_logistic
from tfrec.linear.scorer import Scorer
from tfrec.linear.text_regression import TextRegression
from tfrec.variables import table

MIN_NEGATIVES = 100  # reactions without which there are no tastes to learn
MAX_REACTIONS = 300_000  # of the log, that the factors are learnt from
MAX_CALIBRATION, CALIBRATION = 20_000, 0.1  # reactions, and their share: the latest
MAX_HISTORY = 500  # events
RECENT = (2.0, 10.0)  # half-lives in events of how a user has reacted lately
BATCH = 256  # histories


class RatingFactorsScorer(Scorer):
    """Factors and biases of users and items, the users' from their live histories.

    A user's side is the ridge regression of the history's reactions on the items'
    factors, solved in the graph at each request, so it knows users without an id.
    The scorer's inner product is a logit, but for its intercept: of the predicted
    rating, and of how far the latest reactions were off. It learns from events of the
    kinds that have labels, positive or negative.

    Args:
        dim: int, factors.
        ridge: positive float, on factors and biases; reactions are about -1 to 1.
        text_ridge: positive float, as `TextRegression` takes it.
        logistic_l2: positive float, as `fit_logistic` takes it.
        seed: int.
    """

    informs_probability = True
    reads_dislikes = True

    def __init__(self, dim=8, ridge=3.0, text_ridge=4.0, logistic_l2=1e-3, seed=0):
        super().__init__(name="rating_factors")
        self.num_factors, self.seed = dim, seed
        self.ridge, self.text_ridge, self.logistic_l2 = ridge, text_ridge, logistic_l2

    def can_learn(self, interactions):
        """Whether there are reactions of both signs."""
        labels = interactions.labelled_by_interest().labels
        return np.count_nonzero(labels < 0) >= MIN_NEGATIVES

    def fit(self, interactions, catalogue, text_vectors):
        """Learns factors from all reactions, and the logit from the latest."""
        interactions = interactions.labelled_by_interest()
        self.standardise = value_scale(interactions)
        self.recent = RECENT if interactions.has_times else (math.inf,)
        self._learn_reactions(interactions)
        known = np.flatnonzero(self._has_rating(interactions))
        moments = (interactions.sequences[known], interactions.timestamps[known])
        order = known[np.lexsort(moments)]
        early, late = np.split(order, [round(len(order) * (1 - CALIBRATION))])
        self._learn_items(interactions, early, text_vectors)
        self._learn_logit(interactions, late)
        self._learn_items(interactions, known, text_vectors)
        return self

    def query(self, history, now, new_memories=None):
        """The query's side, `[batch, num_factors + 2]`."""
        people, residuals = self._people(history)
        slope, of_residuals = self.slopes[0], self.slopes[1:]
        bias = (
            slope * people[:, -1:] + tf.linalg.matvec(residuals, of_residuals)[:, None]
        )
        own = tf.fill(tf.shape(bias), slope)
        return tf.concat([slope * people[:, :-1], bias, own], axis=1)

    def new_candidates(self, texts, text_vectors):
        """The candidates' side of new items: what their text lets expect."""
        return _candidates(self.from_texts(text_vectors))

    def _learn_reactions(self, log):
        """A line through the labels (0, 1) for each kind of event, by its value."""
        labelled = log.labels != 0
        kinds, labels = log.event_rows[labelled], log.labels[labelled] > 0
        values = self.standardise(log.values[labelled]).numpy().astype(float)
        size = len(log.event_names)
        counts = np.bincount(kinds, minlength=size)

        def mean(numbers):
            return np.bincount(kinds, numbers, size) / np.maximum(counts, 1)

        mean_value, mean_label = mean(values), mean(labels)
        spread = mean((values - mean_value[kinds]) ** 2) + 1e-3
        slope = mean((values - mean_value[kinds]) * labels) / spread
        offset = mean_label - slope * mean_value - labels.mean()
        self.reaction_slope = tf.constant(slope, tf.float32)
        self.reaction_offset = tf.constant(offset, tf.float32)
        self.is_reaction = tf.constant(counts > 0)

    def _has_rating(self, log):
        return self.is_reaction.numpy()[log.event_rows]

    def _reactions(self, event_rows, values):
        """Of standardised values: about -1 to 1, 0 on average."""
        slope = tf.gather(self.reaction_slope, event_rows)
        return slope * values + tf.gather(self.reaction_offset, event_rows)

    def _learn_items(self, log, events, text_vectors):
        if len(events) > MAX_REACTIONS:
            rng = np.random.default_rng(self.seed)
            events = rng.choice(events, MAX_REACTIONS, replace=False)
        values = self.standardise(log.values[events])
        reactions = self._reactions(log.event_rows[events], values).numpy()
        rows, shape = log.item_rows[events], (log.num_users, log.num_items)
        users = log.user_rows[events]
        how = (self.num_factors, self.ridge)
        _, items = factorise(users, rows, reactions, shape, *how, seed=self.seed)
        is_known = np.bincount(rows, minlength=log.num_items) > 0
        self.from_texts = TextRegression(
            text_vectors[is_known], items[is_known], self.text_ridge
        )
        items[~is_known] = self.from_texts(text_vectors[~is_known]).numpy()
        self.items = table(items)
        self.candidates = _candidates(self.items)

    def _learn_logit(self, log, events):
        """Logistic regression of the latest labels on rating and residuals."""
        events = events[log.labels[events] != 0]
        if len(events) > MAX_CALIBRATION:
            rng = np.random.default_rng(self.seed)
            events = rng.choice(events, MAX_CALIBRATION, replace=False)
        queries = next_item_queries(log, events)
        features = []
        for start in range(0, len(events), BATCH):
            batch = queries.take(np.arange(start, min(start + BATCH, len(events))))
            people, residuals = self._people(
                history_of(pack_histories(batch, MAX_HISTORY), self.standardise)
            )
            items = tf.gather(self.items, batch.target_rows)
            rating = tf.reduce_sum(people[:, :-1] * items[:, :-1], axis=1)
            rating = (rating + people[:, -1] + items[:, -1])[:, None]
            features.append(tf.concat([rating, residuals], axis=1))
        labels = log.labels[events] > 0
        # Without the intercept: the share of likes is for the model's calibration.
        slopes, _ = fit_logistic(np.concatenate(features), labels, l2=self.logistic_l2)
        self.slopes = tf.constant(slopes, tf.float32)

    def _people(self, history):
        """Users' sides `[batch, dim + 1]`, and how the latest reactions differed."""
        rows = history.item_rows
        is_known = history.mask & (rows < self.items.shape[0])
        is_known &= tf.gather(self.is_reaction, tf.maximum(history.event_rows, 0))
        known = tf.cast(is_known, tf.float32)
        items = tf.gather(self.items, tf.where(is_known, rows, 0))
        features = tf.concat([items[..., :-1], tf.ones_like(items[..., :1])], axis=2)
        features *= known[..., None]
        kinds = tf.maximum(history.event_rows, 0)
        left = (self._reactions(kinds, history.values) - items[..., -1]) * known
        grams = tf.matmul(features, features, transpose_a=True)
        grams += self.ridge * tf.eye(self.num_factors + 1)
        sums = tf.matmul(features, left[..., None], transpose_a=True)
        people = tf.linalg.solve(grams, sums)[..., 0]
        errors = left - tf.linalg.matvec(features, people)
        ranks = tf.math.cumsum(known, axis=1, exclusive=True, reverse=True)
        residuals = []
        for half_life in self.recent:
            weights = known * 0.5 ** (ranks / half_life)
            total = tf.reduce_sum(weights * errors, axis=1)
            residuals.append(total / (1 + tf.reduce_sum(weights, axis=1)))
        return people, tf.stack(residuals, axis=1)


def _candidates(items):
    """`[n, num_factors + 2]`: factors, 1 for the user's bias, the own bias."""
    return tf.concat([items[:, :-1], tf.ones_like(items[:, :1]), items[:, -1:]], axis=1)
