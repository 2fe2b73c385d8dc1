"""The baselines that every report shows."""

from typing import Any

from tfrec.baselines.blend import Blend
from tfrec.baselines.ease import Ease, ease_decay
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

WHOLE, LATEST = "item-kNN, whole history", "item-kNN, latest 20 events"
HALVED, WINDOW = "item-kNN, halved every 7 days", "item-kNN, last 30 days"
HISTORY_RECIPES = (WHOLE, LATEST, HALVED, WINDOW)  # what counts of a history, and how


def default_baselines(items, text_vectors=None, allow_repeats=False, has_times=True):
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
        has_times: whether the log has times; without, what depends on the order of
            events is left out, and all events of a history count alike.

    Returns:
        list of `Ranker`s, and those that were registered.
    """

    def whole(baseline):
        return baseline if has_times else baseline.reweighted(baseline.name, uniform)

    ease = ease_decay() if has_times else Ease()
    baselines: list[Any] = [Popularity()]
    baselines += _of_order(ease) if has_times else [whole(ItemKnn()), ease]
    if allow_repeats:
        often = lately = PersonalFrequency()
        baselines += [often]
        if has_times:
            lately = often.reweighted("personal frequency, recent", RankDecay(50.0))
            baselines += [lately]
        baselines += [Blend(ease, lately, name="EASE + frequency")]
    if any(items.texts):
        bm25 = whole(Bm25Profile())
        baselines += [
            whole(TfidfProfile()),
            bm25,
            InterestDegree(),
            Blend(ease, bm25, 0.85, name="EASE + BM25, 85 to 15"),
            Blend(ease, bm25, 0.5, name="EASE + BM25, half and half"),
        ]
    if text_vectors is not None:
        mean = VectorProfile(text_vectors)
        baselines += [mean]
        if has_times:
            baselines += [mean.reweighted("recent text vectors", RankDecay(4.0))]
    return baselines + [BASELINES[name]() for name in BASELINES]


def _of_order(ease):
    """Those that read the order and the times of events, and their counterparts."""
    transitions = Transitions()
    return [
        RecentPopularity(),
        *_history_recipes(),
        ease.reweighted("EASE", uniform),
        ease,
        transitions,
        Blend(ease, transitions, name="EASE + transitions, half and half"),
    ]


def _history_recipes():
    """Item-kNN with each classical recipe for what still counts of a history."""
    knn = ItemKnn()
    return [
        knn,
        knn.reweighted(WHOLE, uniform),
        knn.reweighted(LATEST, WeightedRecent(20)),
        knn.reweighted(HALVED, TimeDecay(7.0)),
        knn.reweighted(WINDOW, TimeWindow(30.0)),
    ]
