"""What a person had before, most often first."""

from tfrec.baselines.history_recommender import HistoryRecommender

POPULARITY_SHARE = 1e-6  # popular items follow after all that was had before


class PersonalFrequency(HistoryRecommender):
    """Items by how often they stand in the history: the baseline where things repeat.

    Reference:
        Hu et al., Modeling Personalized Item Frequency Information for Next-basket
        Recommendation, SIGIR 2020, https://arxiv.org/abs/2006.00556
    """

    counts_repeats = True

    def __init__(self, name="personal frequency"):
        super().__init__(name)

    def _learn(self, train, items):
        """There is nothing to learn but popularity, which the base counts."""

    def _score(self, histories):
        return histories.toarray() + POPULARITY_SHARE * self._popularity
