"""Small logs for the tests of tfrec.data and an independent view of them."""

import pandas as pd

from tfrec.data.feedback import FeedbackRules
from tfrec.data.interactions import encode
from tfrec.data.schema import Dataset, Events, Items, Users

RULES = FeedbackRules(positive=["good"], negative=["bad"])


def make_dataset(rows, items=None):
    """A data set of `(user, item, timestamp, sequence, event)` rows.

    The value of an event is its place in the log, so that a test can tell events
    apart after sorting.
    """
    frame = pd.DataFrame(
        rows, columns=["user_id", "item_id", "timestamp", "sequence", "event"]
    )
    events = Events(frame.assign(value=range(len(frame))))
    known = sorted({row[1] for row in rows}) if items is None else items
    users = Users(pd.DataFrame({"user_id": []}))
    return Dataset("test", events, Items(pd.DataFrame({"item_id": known})), users)


def make_interactions(rows, items=None):
    """`Interactions` of such rows."""
    return encode(make_dataset(rows, items), RULES)


def places(interactions, at=slice(None)):
    """Places in the log of some events."""
    return interactions.values[at].astype(int).tolist()
