"""The catalogue as the towers see it: one row per item."""

import dataclasses

import numpy as np

from tfrec.data.about import about
from tfrec.data.domains import labels
from tfrec.data.item_order import AFTER
from tfrec.data.reviews import with_reviews
from tfrec.towers.possible_items import PossibleItems

MAX_CATEGORIES = 1000  # the most frequent ones get a vector of their own


@dataclasses.dataclass(frozen=True, kw_only=True)
class Catalogue:
    """What is known of every item, in the order of the rows.

    Example:
    >>> catalogue_categories = split_categories(["a|b", "", "b"])
    >>> [list(c) for c in catalogue_categories]
    [['a', 'b'], [], ['b']]
    """

    item_ids: np.ndarray  # [num_items] str
    titles: np.ndarray  # [num_items] str
    texts: np.ndarray  # [num_items] str, what the text tower reads
    abouts: np.ndarray  # [num_items] str, how the text begins, for people
    categories: np.ndarray  # [num_items] str, "a|b"
    domains: np.ndarray  # [num_items] str
    available_from: np.ndarray  # [num_items] int64 UTC seconds, 0 = always
    available_until: np.ndarray  # [num_items] int64 UTC seconds, 0 = for ever
    num_events: np.ndarray  # [num_items] int64, positive events learnt from
    keywords: np.ndarray | None = None  # [num_items] str, "a|b"; "" if not given
    topics: np.ndarray | None = None  # [num_items] str; "" if not given
    after: np.ndarray | None = None  # [num_items] str, ids of prerequisites "a|b"

    def __post_init__(self):
        for name in ("keywords", "topics", "after"):
            if getattr(self, name) is None:  # as in files of before
                object.__setattr__(self, name, np.full(self.num_items, "", object))

    @property
    def num_items(self):
        """Number of rows."""
        return len(self.item_ids)

    @property
    def labels(self):
        """`[num_items]` object array: categories and domain, as models read them."""
        pairs = zip(self.categories, self.domains, strict=True)
        return np.array([labels(*each) for each in pairs], object)

    @property
    def has_id(self):
        """`[num_items]` bool: whether an item has events, so that its id is learnt."""
        return self.num_events > 0

    @property
    def is_new(self):
        """`[num_items]` bool: no events, but a text or a label tells of the item.

        Of the others nothing is known, so that none may be preferred.
        """
        return ~self.has_id & ((self.texts != "") | (self.labels != ""))

    def possible_items(self, has_times=True):
        """The `PossibleItems` of training; without times, no limit is known to hold."""
        return PossibleItems(
            self.has_id,
            self.available_from * has_times,
            self.available_until * has_times,
            np.flatnonzero(self.after != ""),
        )

    def category_names(self):
        """The most frequent categories and domains, most frequent first."""
        names = np.concatenate([[], *split_categories(self.labels)]).astype(str)
        names, counts = np.unique(names, return_counts=True)
        return names[np.lexsort((names, -counts))][:MAX_CATEGORIES]


def make_catalogue(items, interactions):
    """Joins the item table with the log.

    Args:
        items: `Items`, whose order is that of `interactions.item_ids`.
        interactions: `Interactions` to learn from.

    Returns:
        `Catalogue`.
    """
    frame = items.frame
    return Catalogue(
        item_ids=frame["item_id"].to_numpy(object),
        titles=frame["title"].to_numpy(object),
        texts=with_reviews(items.texts, interactions),
        abouts=np.array([about(text) for text in frame["text"]], dtype=object),
        categories=frame["category"].to_numpy(object),
        domains=frame["domain"].to_numpy(object),
        available_from=frame["available_from"].to_numpy(np.int64),
        available_until=frame["available_until"].to_numpy(np.int64),
        num_events=interactions.popularity(),
        keywords=frame["keywords"].to_numpy(object) if "keywords" in frame else None,
        topics=frame["topic"].to_numpy(object) if "topic" in frame else None,
        after=frame[AFTER].to_numpy(object) if AFTER in frame else None,
    )


def split_categories(categories):
    """Category names of each item.

    Args:
        categories: `[n]` sequence of strings such as `"drama|war"`.

    Returns:
        List of `n` lists of names without empty ones.
    """
    return [[name for name in text.split("|") if name] for text in categories]


def category_matrix(categories, names):
    """Which categories each item has, as rows that sum to 1.

    Args:
        categories: `[n]` sequence of strings such as `"drama|war"`.
        names: `[num_categories]` sequence of known names; others are left out.

    Returns:
        `[n, num_categories]` float32 array; a row without known names is 0.
    """
    column = {name: i for i, name in enumerate(names)}
    matrix = np.zeros((len(categories), len(names)), dtype=np.float32)
    for row, own in enumerate(split_categories(categories)):
        known = [column[name] for name in set(own) if name in column]
        matrix[row, known] = 1 / len(known) if known else 0
    return matrix
