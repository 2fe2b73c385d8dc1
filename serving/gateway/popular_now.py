"""What people have now, for every list that the model makes."""

import heapq
import logging
import threading
import time

import numpy as np

from serving.gateway.feedback import Reactions
from serving.gateway.lists import MAX_COUNTED, kinds_of_interest
from serving.gateway.titles import ItemTitles
from serving.user_states.counts import ALL_ITEMS
from serving.user_states.store import StoreError, UserStates
from tfrec.client.popular import Popular
from tfrec.data.fading import rise

logger = logging.getLogger(__name__)

NUM_NAMED = 100  # items of the largest counts, and as many of the largest rises


class PopularNow:
    """Reads the counts at most once a second, for all requests of it; thread-safe.

    Args:
        states: have the counts.
        catalogue: what can be had.
        reactions: which kinds of events mean interest.
    """

    def __init__(self, states: UserStates, catalogue: ItemTitles, reactions: Reactions):
        self._states, self._catalogue = states, catalogue
        self._reactions = reactions
        self._second, self._popular = -1, Popular()
        self._lock = threading.Lock()

    def find(self) -> Popular:
        """The items that are had most now, and all events together.

        Without an answer of the store they are those that it gave last.
        """
        second = int(time.time())
        with self._lock:
            if second != self._second:
                self._second = second
                try:
                    self._popular = self._read(second)
                except StoreError as error:
                    logger.warning("Lists have earlier counts: %s", error)
            return self._popular

    def _read(self, now: float) -> Popular:
        kinds = kinds_of_interest(self._states, self._reactions)
        item_ids = self._states.most_counted(kinds, "slow", MAX_COUNTED)
        item_ids |= self._states.most_counted(kinds, "fast", MAX_COUNTED)
        levels = self._states.levels(kinds, [*item_ids, ALL_ITEMS])
        total = levels.pop(ALL_ITEMS, None)
        counts = {
            item_id: (each.slow_count(now), each.fast_count(now))
            for item_id, each in levels.items()
            if self._catalogue.can_be_had(item_id, now)
        }
        rises = {item_id: rise(fast, slow) for item_id, (slow, fast) in counts.items()}
        named = {
            *heapq.nlargest(NUM_NAMED, counts, key=counts.__getitem__),
            *heapq.nlargest(NUM_NAMED, rises, key=rises.__getitem__),
        }
        columns = np.array([counts[each] for each in named], "float32").reshape(-1, 2)
        of_all = total.slow_count(now) if total else 0.0
        return Popular(np.array([*named], object), columns[:, 0], columns[:, 1], of_all)
