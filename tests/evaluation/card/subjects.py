"""A tiny catalogue and log that card tests share."""

import numpy as np
import pandas as pd

from tests.evaluation.logs import ask_all, make_log, make_split_of
from tfrec.data.schema import Items, Users
from tfrec.evaluation.card.subject import Subject

DAY_S = 86_400
# (user, item, timestamp): item 0 is everybody's, item 1 of two, item 2 of one.
EVENTS = [(0, 0, 1), (0, 1, 2), (1, 0, 1), (1, 1, 3), (2, 0, 1), (2, 2, 4)]
TARGETS = [[2], [3], [1, 4]]
CATEGORIES = ["a", "a|b", "b", "c", "c", ""]


def make_subject(events=EVENTS, categories=CATEGORIES, users=None, **more):
    """`Subject` of six items and, but for other events, three people.

    Args:
        events: of `make_log`.
        categories: of the six items.
        users: frame with `user_id`, or None for none.
        **more: of `Subject`.
    """
    num_users = 1 + max(user for user, *_ in events)
    log = make_log(events, num_items=6, num_users=num_users)
    queries = ask_all(log, TARGETS[:num_users], now=10 * DAY_S)
    is_cold = np.bincount(log.item_rows, minlength=6) == 0
    frame = {"item_id": [f"i{row}" for row in range(6)], "title": list("ABCDEF")}
    people = pd.DataFrame({"user_id": []}) if users is None else pd.DataFrame(users)
    return Subject(
        make_split_of("rolling", log, queries, is_cold),
        Items(pd.DataFrame(frame | {"category": categories})),
        Users(people),
        **more,
    )
