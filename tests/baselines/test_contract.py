"""Every baseline keeps the promises of a recommender."""

import numpy as np

from tests.baselines.recommender_contract import NUM_ITEMS, RecommenderContract
from tfrec.baselines.blend import Blend
from tfrec.baselines.ease import Ease, ease_decay
from tfrec.baselines.history_recipes import TimeDecay
from tfrec.baselines.item_knn import ItemKnn
from tfrec.baselines.popularity import PersonalFrequency, Popularity, RecentPopularity
from tfrec.baselines.text_profile import (
    Bm25Profile,
    InterestDegree,
    TfidfProfile,
    VectorProfile,
)
from tfrec.baselines.transitions import Transitions


class TestPopularity(RecommenderContract):
    is_personal = False

    def make(self):
        return Popularity()


class TestRecentPopularity(RecommenderContract):
    is_personal = False

    def make(self):
        return RecentPopularity()


class TestItemKnn(RecommenderContract):
    def make(self):
        return ItemKnn()


class TestReweightedItemKnn(RecommenderContract):
    def make(self):
        return ItemKnn().reweighted("item-kNN in time", TimeDecay(7.0))


class TestPersonalFrequency(RecommenderContract):
    is_personal = False

    def make(self):
        return PersonalFrequency()


class TestEase(RecommenderContract):
    def make(self):
        return Ease(l2=1.0)


class TestEaseDecay(RecommenderContract):
    def make(self):
        return ease_decay(l2=1.0)


class TestTransitions(RecommenderContract):
    def make(self):
        return Transitions()


class TestTfidfProfile(RecommenderContract):
    def make(self):
        return TfidfProfile()


class TestBm25Profile(RecommenderContract):
    def make(self):
        return Bm25Profile()


class TestInterestDegree(RecommenderContract):
    def make(self):
        return InterestDegree()


class TestVectorProfile(RecommenderContract):
    def make(self):
        return VectorProfile(np.eye(2)[np.arange(NUM_ITEMS) % 2])


class TestBlend(RecommenderContract):
    def make(self):
        return Blend(Ease(l2=1.0), Bm25Profile())


class TestBlendOfRanks(RecommenderContract):
    def make(self):
        return Blend(Ease(l2=1.0), Bm25Profile(), scale="rank")
