"""What towers and scorers ask for, each computed once for the same queries."""

import functools
import weakref

import numpy as np

from tfrec.hybrid.offline_scores import own_past, scorer_queries, tower_queries


class QuerySides:
    """The queries' side of each part of an embedding, unweighted.

    Validation asks the same queries of one form of a scorer after another, while all
    other parts stay as they are.

    Args:
        towers: trained `TwoTower`.
        queries: `Queries`.
    """

    def __init__(self, towers, queries):
        self.towers, self.queries = towers, queries
        self._known: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()

    @functools.cached_property
    def candidates(self):
        """`[num_items, dim]` float32 array of the towers."""
        return self.towers.all_candidates().numpy()

    @functools.cached_property
    def neural(self):
        """`[num_queries, dim]` float32 array of the towers."""
        return tower_queries(self.towers, self.queries, self.candidates)

    @functools.cached_property
    def own_past(self):
        """As `tfrec.hybrid.offline_scores.own_past` gives it."""
        return own_past(self.towers, self.queries)

    def of(self, scorer):
        """`[num_queries, dim]` float32 array of a fitted `Scorer`."""
        if scorer not in self._known:
            self._known[scorer] = scorer_queries(self.towers, self.queries, scorer)
        return self._known[scorer]

    def score(self, scorers, rows):
        """Scores of all items: list of `[num_rows, num_items]`, the towers' first.

        Args:
            scorers: list of fitted `Scorer`s.
            rows: `[num_rows]` int array, which queries.
        """
        sides = [(self.neural, self.candidates)]
        sides += [(self.of(each), np.asarray(each.candidates)) for each in scorers]
        return [queries[rows] @ candidates.T for queries, candidates in sides]
