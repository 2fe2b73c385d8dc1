"""The interest degree model: how much of someone's ratings goes to a category."""

from scipy import sparse

from tfrec.baselines.history_recipes import by_value
from tfrec.baselines.history_recommender import HistoryRecommender
from tfrec.baselines.terms import count_matrix, idf, terms, unit_rows


class InterestDegree(HistoryRecommender):
    """Interest in a category = its rating-weighted share of the history.

    An item scores the mean interest in its categories, each counted by how rare
    it is. Catalogues without categories use the words of the texts instead.
    """

    def __init__(self, weighting=by_value, name="interest degree"):
        super().__init__(name, weighting)

    def _learn(self, train, items):
        categories = [c.split("|") if c else [] for c in items.frame["category"]]
        lists = categories if any(categories) else [terms(t) for t in items.texts]
        counts = count_matrix(lists)
        self._features = unit_rows(counts @ sparse.diags_array(idf(counts)))

    def _score(self, histories):
        interests = (histories @ self._features).toarray()  # [queries, categories]
        return (self._features @ interests.T).T
