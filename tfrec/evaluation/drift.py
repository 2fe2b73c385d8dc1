"""How much what people do now differs from what a model was trained on.

Shares of items, categories and kinds of events are compared by the Jensen-Shannon
distance: 0 for equal shares, 1 where nothing is in common. A distance means something
beside two others: that of the training log's own end from what was before it, and that
which chance alone makes between samples of these sizes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tfrec.errors import DataError
from tfrec.evaluation.divergence import jensen_shannon

LEAST = 100  # events of a log that is compared
NUM_DRAWS = 200  # of chance
CHANCE = 0.99  # quantile
CLEAR = 1.5  # times the larger of usual and chance: a drift
MOST_NAMED = 5  # names whose share moved most
WORD = re.compile(r"[\u3400-\u9fff]|[^\W\d_\u3400-\u9fff]+")  # a Han letter is a word


@dataclass(frozen=True)
class DriftLog:
    """What is compared of a log.

    Attributes:
        events: frame with `user_id`, `item_id`, `event`, `timestamp` and `text`.
        categories: item id -> `"a|b"`, `""` for none.
        titles: item id -> title.
    """

    events: pd.DataFrame
    categories: Mapping[str, str]
    titles: Mapping[str, str]


@dataclass(frozen=True)
class Shift:
    """How far the shares of one thing moved.

    Attributes:
        distance: Jensen-Shannon distance of now from the training log.
        usual: of the training log's end from what was before.
        by_chance: what chance alone stays below in 99 of 100 cases.
        moved: names whose shares moved most: name -> share before, share now.
    """

    distance: float
    usual: float
    by_chance: float
    moved: dict[str, tuple[float, float]]

    @property
    def is_clear(self) -> bool:
        """Whether that is more than usual, and more than chance makes."""
        return self.distance > CLEAR * max(self.usual, self.by_chance)


@dataclass(frozen=True)
class Drift:
    """What is different now.

    Attributes:
        shifts: `"items"`, `"categories"`, `"kinds of events"` -> `Shift`.
        unknown: what the training log does not have -> its share now: of events with
            unknown items, of people, and of words of titles and texts.
        sizes: events, people and items of either log.
    """

    shifts: dict[str, Shift]
    unknown: dict[str, float]
    sizes: dict[str, tuple[int, int]]


def drift(before: DriftLog, now: DriftLog, seed: int = 0) -> Drift:
    """Compares what people do now with a training log.

    Args:
        before: what the model was trained on.
        now: what came later.
        seed: of the draws of chance.

    Raises:
        DataError: a log is too small to be compared.
    """
    for name, log in (("training log", before), ("log of now", now)):
        if len(log.events) < LEAST:
            raise DataError(
                f"The {name} must have at least {LEAST} events, because fewer say "
                f"nothing of a drift. Received: {len(log.events)}."
            )
    rng = np.random.default_rng(seed)
    size = min(len(now.events), len(before.events) // 2)
    order = before.events.sort_values("timestamp", kind="stable")
    early, late = order.iloc[:-size], order.iloc[-size:]
    parts = (early, late, now.events)
    logs = zip(parts, (before, before, now), strict=True)
    shifts = {
        "items": _shift([_items(part) for part in parts], rng),
        "kinds of events": _shift([part["event"] for part in parts], rng),
        "categories": _shift([_categories(*each) for each in logs], rng),
    }
    known = {each: set(before.events[each]) for each in ("item_id", "user_id")}
    with_items = _items(now.events)
    unknown = {
        "events with unknown items": _share_outside(with_items, known["item_id"]),
        "people": _share_outside(now.events["user_id"].unique(), known["user_id"]),
        "words": _unknown_words(before, now),
    }
    sizes = {
        "events": (len(before.events), len(now.events)),
        "people": (len(known["user_id"]), now.events["user_id"].nunique()),
        "items": (_items(before.events).nunique(), with_items.nunique()),
    }
    return Drift(shifts, unknown, sizes)


def distance(first: np.ndarray, second: np.ndarray) -> float:
    """Jensen-Shannon distance of `[n]` counts; 1 if one side has none, 0 if both."""
    if not (first.any() and second.any()):
        return float(first.any() or second.any())
    return float(np.sqrt(jensen_shannon(first, second)))


def _shift(parts, rng):
    """Of names: of the early and the late part of the training log, and of now."""
    early, late, now = parts
    whole = pd.concat([early, late])
    names = pd.Index(pd.concat([whole, now]).unique())
    sides = (early, late, whole, now)
    counts = [each.value_counts().reindex(names, fill_value=0) for each in sides]
    of_early, of_late, of_whole, of_now = (each.to_numpy(float) for each in counts)
    both = of_whole + of_now
    if not len(names):
        return Shift(distance=0.0, usual=0.0, by_chance=0.0, moved={})
    pooled = both / both.sum()
    drawn = [
        distance(*(rng.multinomial(len(side), pooled) for side in (whole, now)))
        for _ in range(NUM_DRAWS)
    ]
    old, new = of_whole / max(len(whole), 1), of_now / max(len(now), 1)
    most = np.argsort(-np.abs(new - old), kind="stable")[:MOST_NAMED]
    moved = {str(names[n]): (float(old[n]), float(new[n])) for n in most}
    return Shift(
        distance=distance(of_whole, of_now),
        usual=distance(of_early, of_late),
        by_chance=float(np.quantile(drawn, CHANCE)),
        moved=moved,
    )


def _items(events):
    return events.loc[events["item_id"] != "", "item_id"]


def _categories(events, log):
    """Each category of each event's item; an item has several."""
    named = _items(events).map(dict(log.categories)).dropna()
    parts = named[named != ""].str.split("|").explode()
    return parts[parts != ""]


def _share_outside(values, known):
    values = pd.Series(values)
    return float((~values.isin(known)).mean()) if len(values) else 0.0


def _unknown_words(before, now):
    known = {word for text in _texts(before) for word in _words(text)}
    words = [word for text in _texts(now) for word in _words(text)]
    return sum(word not in known for word in words) / max(len(words), 1)


def _texts(log):
    """Titles of the items that were had, and what people wrote; each text once."""
    titles = (log.titles.get(each, "") for each in log.events["item_id"].unique())
    return {*titles, *log.events["text"].unique()}


def _words(text):
    return WORD.findall(text.lower())
