"""Item-to-item scorer: what having met an item says for others, at low rank."""

import math
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfrec.linear.ease import learn_ease
from tfrec.linear.scorer import DecayedScorer
from tfrec.linear.sequential_ease import learn_sequential_ease, truncate
from tfrec.linear.text_regression import TextRegression
from tfrec.variables import table

SCALES = (1.0, 0.5)  # of the decays
MAX_COLUMNS = 4000  # items, the most popular; the others are known by their text


class ItemToItemSettings(NamedTuple):
    """How the item-to-item scorer learns; all but the ridges is for validation."""

    dim: int = 64  # rank
    half_lives: tuple = (2.0, 20.0)  # of the decays, events
    is_ordered: bool = True  # learns what comes next, or only what goes together
    sequential_ease_ridge: float = 2.5  # of what comes next
    ease_ridge: float = 5.0  # of what goes together

    def variants(self, has_times=True):
        """The settings of this rank from which validation chooses.

        Of a log without times there is one: nothing is learnt of the order of events.
        """
        if not has_times:
            return (self._replace(half_lives=(math.inf,), is_ordered=False),)
        return (
            self._replace(half_lives=(2.0, 20.0), is_ordered=True),
            self._replace(half_lives=(10.0, 100.0), is_ordered=True),
            self._replace(half_lives=(100.0,), is_ordered=False),
        )


class ItemToItemScorer(DecayedScorer):
    """EASE or sequential EASE of the most popular items, cut to a low rank.

    The other items get the vectors that their texts let expect.

    Args:
        settings: `ItemToItemSettings`.
        text_ridge: positive float, as `TextRegression` takes it.
        seed: int, of the sample of positions from a large log.
        half_life_days: float, as `learn_sequential_ease` takes it; what is learnt
            without order counts all events alike.
    """

    def __init__(self, settings, text_ridge=4.0, seed=0, half_life_days=0.0):
        super().__init__(name="item_to_item")
        self.settings, self.text_ridge, self.seed = settings, text_ridge, seed
        self.half_life_days = half_life_days
        self.half_lives = list(settings.half_lives)
        self.scales = list(SCALES[: len(settings.half_lives)])

    def fit(self, interactions, catalogue, text_vectors):
        """Solves the regression; items outside it get what their texts suggest."""
        columns = _columns(catalogue.num_events)
        coefficients, moments = self._regression(interactions, columns)
        counts = catalogue.num_events[columns >= 0]
        queries, candidates = truncate(
            coefficients, moments, counts**-0.5, self.settings.dim
        )
        num_decays = len(self.half_lives)
        queries = queries.reshape(num_decays, -1, queries.shape[1]).transpose(1, 0, 2)
        self._set_items(queries, candidates, columns, text_vectors)
        return self

    def _regression(self, interactions, columns):
        how = self.settings
        if not how.is_ordered:
            return learn_ease(interactions, columns, how.ease_ridge)
        decays = (self.half_lives, self.scales)
        rest = (how.sequential_ease_ridge, self.seed, self.half_life_days)
        return learn_sequential_ease(interactions, columns, *decays, *rest)

    def narrowed(self, dim):
        """What `fit` gives with a smaller rank: the leading directions of this one.

        Args:
            dim: int.

        Returns:
            Fitted `ItemToItemScorer`.
        """
        settings = self.settings._replace(dim=dim)
        how = (self.text_ridge, self.seed, self.half_life_days)
        scorer = ItemToItemScorer(settings, *how)
        scorer.shape = (self.shape[0], min(dim, self.shape[1]))
        places = np.arange(np.prod(self.shape)).reshape(self.shape)[:, -dim:]
        scorer.regression = self.regression.of_values(places.ravel())
        scorer.memory = table(self.memory[..., -dim:])
        scorer.candidates = self.candidates[:, -dim:]
        return scorer

    def new_candidates(self, texts, text_vectors):
        """The candidates' side of new items: what their text lets expect."""
        return self._from_texts(text_vectors)[:, -1]

    def new_memories(self, texts, text_vectors):
        """Vectors of new items in a history: what their text lets expect."""
        memory = self._from_texts(text_vectors)[:, :-1]
        return tf.reshape(memory, [-1, self.memory_dim])

    def _set_items(self, queries, candidates, columns, text_vectors):
        """Sets both sides of all items, known or not."""
        known = np.concatenate([queries, candidates[:, None]], axis=1)
        self.shape = known.shape[1:]
        self.regression = TextRegression(
            text_vectors[columns >= 0], known.reshape(len(known), -1), self.text_ridge
        )
        every = self._from_texts(text_vectors).numpy()
        every[columns >= 0] = known[columns[columns >= 0]]
        self.memory = table(every[:, :-1])
        self.candidates = tf.constant(every[:, -1])

    def _from_texts(self, text_vectors):
        """Both sides that texts let expect: `[n, num_decays + 1, dim]`."""
        expected = self.regression(text_vectors)
        return tf.reshape(expected, [-1, *self.shape])


def _columns(num_events):
    """Item row -> column of the regression; -1 for items without one."""
    columns = np.full(len(num_events), -1)
    popular = np.argsort(-num_events, kind="stable")[:MAX_COLUMNS]
    popular = np.sort(popular[num_events[popular] > 0])
    columns[popular] = np.arange(len(popular))
    return columns
