"""The model server as the gateway sees it: now there, now away, now a version on."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import grpc

from tfrec.client.answers import EventKind, Recommendation, SimilarItem
from tfrec.client.client import RecommenderClient
from tfrec.client.histories import History, QueryError
from tfrec.client.own_inputs import own_arrays
from tfrec.errors import ServingError
from tfrec.protocol.signature import TensorSpec
from tfrec.protocol.status import RequestError

logger = logging.getLogger(__name__)

LOOK_S = 1  # between two looks at the server
COLD_LIST_AGE_S = 60  # then it is asked for again
COLD_LIST_LENGTH = 200
COLD_LIST_GOOD_S = 86_400  # its items are on offer so long
REST_S = 1  # a server that did not answer is left alone so long
_AWAY = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}


class ModelClient:
    """Asks the server, and remembers what to say when it does not answer.

    Args:
        client: without titles.
        follow: told of the version at each look that finds one.

    Attributes:
        version: the newest that answers requests, 0 if none was seen yet.
        problem: why the last look failed, `""` if it did not.
        items_problem: what the server says its new items lack, `""` if nothing.
        kinds: of events, that this version learnt; None if it does not tell.
        probability_of: what its probabilities are of, as `RecommenderClient` has it.
    """

    def __init__(
        self,
        client: RecommenderClient,
        follow: Callable[[int], None] = lambda version: None,
    ):
        self.version = 0
        self.problem = "The model server was not asked yet."
        self.items_problem = ""
        self.kinds: list[EventKind] | None = None
        self.probability_of = ""
        self._inputs: Mapping[str, TensorSpec] = {}  # of `recommend`
        self._cold_list: list[Recommendation] = []
        self._client = client
        self._follow = follow
        self._cold_list_time = 0  # UTC seconds that it was asked for
        self._cold_list_born: float = -COLD_LIST_AGE_S
        self._away_until = 0.0

    def recommend(self, history=(), **options) -> tuple[list[Recommendation], int]:
        """Items and the version that answered, as `RecommenderClient.recommend`.

        Args:
            history: as `History.of` takes it: its values were checked when they came.
            **options: as of the client; an older model gets no `popular`.

        Raises:
            RequestError: at once, if the server did not answer a moment ago.
        """
        request = {"history": History.of(history), **self._known(options)}
        (items,), version = self._ask(self._client.recommend_with_version, [request])
        return items, version

    def explain(self, item_ids, history, **texts):
        """Weights `[items, events]`, as `RecommenderClient.explain`."""
        return self._client.explain(item_ids, History.of(history), **texts)

    def score_interest(self, item_ids, history=(), **texts):
        """Probabilities `[items]`, 0 for those that the server does not have."""
        events = History.of(history)
        return self._ask(self._client.score_interest, item_ids, events, **texts)

    def embed_query(self, history, **texts):
        """The interest vector `[dim]` of a history; raises as `recommend`."""
        return self._ask(self._client.embed_query, History.of(history), **texts)

    def update_interest(self, interest, item_id, reward, learning_rate):
        """The vector after one more event; raises as `recommend`."""
        step = (interest, item_id, reward, learning_rate)
        return self._ask(self._client.update_interest, *step)

    def recommend_from_interest(self, interest, **options) -> list[Recommendation]:
        """Items for a vector; raises as `recommend`."""
        ask = self._client.recommend_from_interest
        return self._ask(ask, interest, **self._known(options))

    def similar(self, item_id: str, **options) -> list[SimilarItem]:
        """Items like another, none for an unknown one; raises as `recommend`."""
        return self._ask(self._client.similar, [item_id], **options)[0]

    def read_features(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        """Those of a person's columns that this version reads.

        A value of another kind than the model's is left out, with a line in the log of
        the program.

        Args:
            columns: name -> value.
        """
        known = {}
        for name, value in columns.items():
            if f"user_{name}" in self._inputs:
                given = {"user_features": {name: value}}
                try:
                    own_arrays([given], "recommend", self._inputs)
                except QueryError as error:
                    logger.warning("A user's column is left out: %s", error)
                    continue
                known[name] = value
        return known

    def cold_list(self, now: int) -> list[Recommendation]:
        """What people without a history got last, best first.

        Args:
            now: UTC seconds at which all of it must be on offer; there is nothing if
                the list is more than a day old, or younger than that time.
        """
        age_s = now - self._cold_list_time
        return self._cold_list if 0 <= age_s < COLD_LIST_GOOD_S else []

    def _known(self, options):
        """The options, without counts that this version does not take."""
        if not self.takes("popular_item_ids"):
            options.pop("popular", None)
        return options

    def _ask(self, method, *request, **more):
        if time.monotonic() < self._away_until:
            raise RequestError(
                grpc.StatusCode.UNAVAILABLE, "The server did not answer a moment ago."
            )
        try:
            return method(*request, **more)
        except RequestError as error:
            if error.code in _AWAY:
                self._away_until = time.monotonic() + REST_S
            raise

    def watch(self, stopped: threading.Event) -> None:
        """Looks at the server every second until `stopped`."""
        while not stopped.wait(LOOK_S):
            self.look()

    def look(self) -> None:
        """Asks for the version, and for the cold list if it is old."""
        try:
            self._see_version()
            self._renew_cold_list()
        except ServingError as error:
            if str(error) != self.problem:
                logger.warning("The model server does not answer: %s", error)
            self.problem = str(error)

    def _see_version(self):
        states = self._client.status()
        ready = {e.version: e.error for e in states if e.state == "AVAILABLE"}
        if not ready:
            raise RequestError(
                grpc.StatusCode.UNAVAILABLE, "No version of the model is available."
            )
        self._away_until = 0.0
        newest = max(ready)
        self.items_problem = ready[newest]
        self._follow(newest)  # before answers are kept as those of this version
        self.problem = ""
        if newest != self.version:
            self.kinds = self._if_told(self._client.event_kinds)
            self.probability_of = self._if_told(self._client.probability_of) or ""
            recommend = self._client.metadata().get("recommend")
            self._inputs = recommend.inputs if recommend else {}
            self.version = newest
            self._cold_list_born = -COLD_LIST_AGE_S

    def takes(self, name: str) -> bool:
        """Whether this version has an input; as long as it is unknown, it may."""
        return not self._inputs or name in self._inputs

    def _if_told(self, ask):
        try:
            return ask()
        except RequestError as error:
            if error.code in _AWAY:
                raise
            return None  # a version of before it was a signature

    def _renew_cold_list(self):
        now = time.monotonic()
        if now - self._cold_list_born < COLD_LIST_AGE_S:
            return
        # What is on offer now and a day from now is so all the time between.
        time_s = int(time.time())
        times = (time_s, time_s + COLD_LIST_GOOD_S)
        requests = [{"k": COLD_LIST_LENGTH, "now": each} for each in times]
        (best, later), _ = self._ask(self._client.recommend_with_version, requests)
        lasting = {item.item_id for item in later}
        self._cold_list = [item for item in best if item.item_id in lasting]
        self._cold_list_time, self._cold_list_born = time_s, now

    def close(self) -> None:
        """Ends the connection."""
        self._client.close()
