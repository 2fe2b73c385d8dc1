"""BM25 scorer: the words of the texts, as projected BM25 features."""

import functools
import math

from tfrec.linear.scorer import DecayedScorer
from tfrec.text.bm25_vectors import Words
from tfrec.variables import table


class Bm25Scorer(DecayedScorer):
    """Items whose words are those of the items met, or of a free-text query.

    Args:
        dim: int, directions kept.
        learn_words: function from `dim` to the `Words` of the catalogue, or None.
        half_life: float, events; infinite for a log without times.
    """

    def __init__(self, dim, learn_words=None, half_life=20.0):
        super().__init__(name="bm25")
        self.max_dim, self.learn_words = dim, learn_words
        self.half_lives, self.scales = [half_life], [1.0]

    def fit(self, interactions, catalogue, text_vectors):
        """Takes the words of the catalogue's texts."""
        if not interactions.has_times:
            self.half_lives = [math.inf]
        learn = self.learn_words or functools.partial(Words().fit, catalogue.texts)
        self.words = learn(self.max_dim)
        self.candidates = self.words.vectors
        self.memory = table(self.candidates[:, None, :])
        return self

    def text_query(self, texts):
        """What a free text adds to `query`: as an event of that text would."""
        return self.words(texts)

    def new_candidates(self, texts, text_vectors):
        """The candidates' side of new items: their words."""
        return self.words(texts)

    def new_memories(self, texts, text_vectors):
        """Vectors of new items in a history: their words."""
        return self.words(texts)
