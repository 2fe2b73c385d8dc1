"""What the towers keep of the log that they were adapted to."""

import dataclasses

import numpy as np

from tfrec.data.history import ValueScale, value_scale
from tfrec.data.interactions import Queries
from tfrec.data.log_features import LogFeatures
from tfrec.data.packing import end_queries
from tfrec.data.repeats import learns_repeats
from tfrec.feature_columns import SIDES
from tfrec.features.side_coder import SideCoder
from tfrec.towers.catalogue import Catalogue, make_catalogue
from tfrec.towers.event_kinds import EventKinds, event_kinds
from tfrec.towers.text_table import profile_texts

MAX_SAMPLE = 2000  # real queries kept, for tuning an index and proving an export


@dataclasses.dataclass(frozen=True, kw_only=True)
class AdaptedState:
    """All that depends on the data, but for weights and text vectors."""

    catalogue: Catalogue
    kinds: EventKinds
    standardise: ValueScale
    allow_repeats: bool
    profile_texts: np.ndarray  # [num_users] str
    event_texts: np.ndarray  # [num_texts] str, as in `EventTexts`
    features: LogFeatures
    coders: dict  # side -> `SideCoder` of the columns that the towers read
    sample_queries: Queries

    @property
    def has_profiles(self):
        """Whether anybody has a profile."""
        return bool((self.profile_texts != "").any())

    @property
    def has_times(self):
        """Whether the log has times, and so an order of its events to learn."""
        return self.sample_queries.interactions.has_times


def adapted_state(interactions, items, users, repeats):
    """The `AdaptedState` of a log; arguments as in `TwoTower.adapt`."""
    written = interactions.event_texts
    features = interactions.features or LogFeatures.none(interactions)
    read = {side: getattr(features, side).used_for("towers") for side in SIDES}
    return AdaptedState(
        catalogue=make_catalogue(items, interactions),
        kinds=event_kinds(interactions),
        standardise=value_scale(interactions),
        allow_repeats=learns_repeats(interactions, repeats),
        profile_texts=profile_texts(users, interactions.user_ids),
        event_texts=np.empty(0, object) if written is None else written.texts,
        features=features,
        coders={side: SideCoder.fit(coded) for side, coded in read.items()},
        sample_queries=end_queries(interactions, MAX_SAMPLE),
    )
