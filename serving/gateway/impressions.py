"""What lists showed, on its way to the log.

Each list has an id, whether or not there is a log. Lists wait in memory for at most
`FLUSH_S` and then in the store: a gateway that is killed loses those of that time, and
no answer waits for a disk.
"""

import itertools
import logging
import queue
import secrets
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from serving.user_states.log_records import IMPRESSIONS, record
from serving.user_states.outbox import Outbox
from serving.user_states.store import StoreError

logger = logging.getLogger(__name__)

FLUSH_S = 0.2
MOST_WAITING = 20_000  # lists, while the store does not answer
_ID_BYTES = 12


@dataclass(frozen=True)
class ImpressionSource:
    """Where a list comes from, as the log has it.

    Attributes:
        source: such as the reason code of an answer, or the name of a list.
        model_version: that answered, 0 for none.
        rules_version: of the rules that it follows, `""` for none.
        experiment: that the person takes part in, `""` for none.
        arm: of the experiment.
    """

    source: str
    model_version: int = 0
    rules_version: str = ""
    experiment: str = ""
    arm: str = ""


@dataclass(frozen=True)
class Impression:
    """An item at its place of a list.

    Attributes:
        item_id: which.
        score: None for a list without scores.
        probability: of interest, None where it is not known.
        propensity: probability that the item was put at this place.
    """

    item_id: str
    score: float | None = None
    probability: float | None = None
    propensity: float = 1.0


class Impressions:
    """Gives lists their ids, and notes what they showed; safe for many threads.

    Attributes:
        dropped: lists that found no room, since the store did not answer for long.
    """

    def __init__(self):
        self.dropped = 0
        self._outbox: Outbox | None = None
        self._model = ""
        self._waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._kept: list[bytes] = []  # taken from the queue, not yet in the store
        self._flushing = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def keep_in(self, outbox: Outbox, model: str) -> None:
        """From now on what is noted goes there, as shown by a model of this name."""
        self._outbox, self._model = outbox, model
        self._thread.start()

    def note(
        self,
        user_id: str,
        shown: Iterable[Impression],
        source: ImpressionSource,
        now: int,
    ) -> str:
        """Notes a list that is about to be answered.

        Args:
            user_id: who gets it, `""` for somebody without an id.
            shown: best first.
            source: where it comes from.
            now: UTC seconds.

        Returns:
            The list's id.
        """
        recommendation_id = secrets.token_hex(_ID_BYTES)
        if self._outbox is not None:
            fields = {
                "recommendation_id": recommendation_id,
                "user_id": user_id,
                "timestamp": now,
                "model": self._model,
                **vars(source),
                "items": [vars(each) for each in shown],
            }
            self._put(record(IMPRESSIONS, fields))
        return recommendation_id

    def add(self, lists: Sequence[Mapping[str, Any]]) -> None:
        """Keeps lists that others showed; when it returns they are in the store.

        Raises:
            StoreError: they are not.
        """
        if self._outbox is not None:
            self._outbox.add([record(IMPRESSIONS, each) for each in lists])

    def flush(self) -> None:
        """Brings what waits into the store.

        So a user's lists are there before the record that forgets the user.

        Raises:
            StoreError: the store does not answer; it waits on.
        """
        with self._flushing:
            if not self._kept:
                self._kept = list(itertools.islice(self._take(), MOST_WAITING))
            if self._kept and self._outbox is not None:
                self._outbox.add(self._kept)
            self._kept = []

    def close(self) -> None:
        """Brings what waits into the store, if that answers."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _put(self, noted):
        if self._waiting.qsize() < MOST_WAITING:
            self._waiting.put(noted)
        else:
            self.dropped += 1

    def _run(self):
        is_over = False
        while not is_over:
            is_over = self._stopped.wait(FLUSH_S)
            try:
                self.flush()
            except StoreError as error:
                logger.warning("%s %d lists wait for the log.", error, len(self._kept))
                self._stopped.wait(1)

    def _take(self):
        while True:
            try:
                yield self._waiting.get_nowait()
            except queue.Empty:
                return
