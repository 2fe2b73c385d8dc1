"""People as items: each user is also somebody to recommend to others."""

import numpy as np
import pandas as pd

from tfrec.data.problems import show_names
from tfrec.data.schema import Dataset, Events, Items, Users
from tfrec.errors import DataError


def dataset_of(
    name: str, events: Events, items: Items, users: Users, people: str = ""
) -> Dataset:
    """A `Dataset`, whose users are items as well if `people` names their domain.

    Raises:
        DataError: as of `people_as_items`, and of a `Dataset`.
    """
    if people:
        items = people_as_items(items, users, people)
    return Dataset(name, events, items, users, people)


def with_people(dataset: Dataset, people: str) -> Dataset:
    """A data set that was read without people, and these; see `dataset_of`."""
    tables = (dataset.events, dataset.items, dataset.users)
    return dataset_of(dataset.name, *tables, people=people)


def people_as_items(items: Items, users: Users, domain: str) -> Items:
    """The catalogue with an item for each user.

    Its id is the user's, its title their name or id, its text their profile.

    Args:
        items: the catalogue.
        users: those with a row in the table of users.
        domain: of these items.

    Raises:
        DataError: there are no users, or an id is both an item's and a user's.
    """
    if not len(users):
        raise DataError(
            "`data.people` must be left out, because there is no table of users to "
            f"recommend. Received: {domain!r}."
        )
    frame = users.frame
    both = frame["user_id"][frame["user_id"].isin(items.frame["item_id"])]
    if len(both):
        raise DataError(
            "The ids of users must not be those of items, because with `data.people` "
            f"users are items, too. Received: {len(both)} ids that are both "
            f"({show_names(both[:3])}). Give one of them a prefix, such as `user:`."
        )
    names = frame["name"] if "name" in frame else frame["user_id"]
    people = {
        "item_id": frame["user_id"],
        "title": np.where(names == "", frame["user_id"], names),
        "text": frame["text"],
        "domain": domain,
    }
    return items.with_rows(pd.DataFrame(people))
