"""The baselines that every report shows."""

from tfrec.baselines.blend import Blend
from tfrec.baselines.ease import ease_decay
from tfrec.baselines.history_recipes import (
    RankDecay,
    TimeDecay,
    TimeWindow,
    WeightedRecent,
    uniform,
)
from tfrec.baselines.item_knn import ItemKnn
from tfrec.baselines.popularity import PersonalFrequency, Popularity, RecentPopularity
from tfrec.baselines.text_profile import (
    Bm25Profile,
    InterestDegree,
    TfidfProfile,
    VectorProfile,
)
from tfrec.baselines.transitions import Transitions
from tfrec.plugins import BASELINES


def default_baselines(items, text_vectors=None, allow_repeats=False):
    """Single recommenders, history recipes and blends, ready to `fit`.

    Those that share what is learnt learn it once. Constants were chosen on the
    validation part of MovieLens-100k (rolling, the last tenth before the test's), never
    on test.

    Args:
        items: `Items`; without any text, the text baselines are left out.
        text_vectors: `[num_items, dim]` float array of a frozen text encoder, or
            None for none.
        allow_repeats: whether items may come again, which calls for the baselines
            that only know what a person had.

    Returns:
        list of `Ranker`s, and those that were registered.
    """
    ease, transitions = ease_decay(), Transitions()
    baselines = [
        Popularity(),
        RecentPopularity(),
        *_history_recipes(),
        ease.reweighted("EASE", uniform),
        ease,
        transitions,
        Blend(ease, transitions, name="EASE + transitions, half and half"),
    ]
    if allow_repeats:
        often = PersonalFrequency()
        lately = often.reweighted("personal frequency, recent", RankDecay(50.0))
        baselines += [often, lately, Blend(ease, lately, name="EASE + frequency")]
    if any(items.texts):
        bm25 = Bm25Profile()
        baselines += [
            TfidfProfile(),
            bm25,
            InterestDegree(),
            Blend(ease, bm25, 0.85, name="EASE + BM25, 85 to 15"),
            Blend(ease, bm25, 0.5, name="EASE + BM25, half and half"),
        ]
    if text_vectors is not None:
        mean = VectorProfile(text_vectors)
        baselines += [mean, mean.reweighted("recent text vectors", RankDecay(4.0))]
    return baselines + [BASELINES[name]() for name in BASELINES]


def _history_recipes():
    """Item-kNN with each classical recipe for what still counts of a history."""
    knn = ItemKnn()
    return [
        knn,
        knn.reweighted("item-kNN, whole history", uniform),
        knn.reweighted("item-kNN, latest 20 events", WeightedRecent(20)),
        knn.reweighted("item-kNN, halved every 7 days", TimeDecay(7.0)),
        knn.reweighted("item-kNN, last 30 days", TimeWindow(30.0)),
    ]
