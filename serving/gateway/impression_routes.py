"""The log of a gateway: its writer, and the route of lists that others showed."""

import math
from typing import Annotated

from fastapi import FastAPI
from pydantic import BaseModel, Field

from serving.fields import Id, Kind, Seconds
from serving.gateway.impressions import Impressions
from serving.interaction_log.log_writer import LogWriter
from serving.user_states.store import StoreError, UserStates
from serving.wording import RequestBody

MAX_LISTS = 1000  # of one request
MAX_SHOWN = 1000  # items of one list
Number = Annotated[float | None, Field(allow_inf_nan=False)]


class ShownElsewhere(RequestBody):
    """An item of a list, at its place."""

    item_id: Id
    score: Number = None
    probability: Annotated[float | None, Field(ge=0, le=1)] = None
    propensity: Annotated[
        float, Field(gt=0, le=1, description="That it was put at this place")
    ] = 1.0


class ListElsewhere(RequestBody):
    """A list that was made without the gateway, such as by gRPC or in a batch."""

    recommendation_id: Id = Field(description="Unlike that of any other list")
    user_id: Kind = Field("", description="May be absent")
    timestamp: Seconds = Field(json_schema_extra={"description": "UTC seconds"})
    items: list[ShownElsewhere] = Field(max_length=MAX_SHOWN, min_length=1)
    source: str = Field("elsewhere", max_length=100)
    model: str = Field("", max_length=200)
    model_version: int = Field(0, ge=0, lt=2**63)
    rules_version: str = Field("", max_length=200)
    experiment: str = Field("", max_length=200)
    arm: str = Field("", max_length=200)


class ListsElsewhere(RequestBody):
    """Lists that were made without the gateway."""

    lists: list[ListElsewhere] = Field(max_length=MAX_LISTS, min_length=1)


class ImpressionsAnswer(BaseModel):
    """How many lists are kept for the log."""

    accepted: int


def add_log(app: FastAPI, writer: LogWriter, states: UserStates, model: str) -> None:
    """Has a gateway log events and what it shows.

    Args:
        app: as `make_app` makes it.
        writer: brings what waits in the store into the log.
        states: whose outbox the writer empties; they keep records for it.
        model: name of the model that makes lists.
    """
    impressions: Impressions = app.state.impressions
    impressions.keep_in(states.outbox, model)
    app.state.recommending.when_forgetting(lambda user_id: writer.wake())
    app.state.metrics.watch_log(
        lambda: _waiting(states),
        lambda: impressions.dropped,
        lambda: bool(writer.problem),
    )
    app.state.log_writer = writer
    writer.start()

    @app.post("/v1/impressions", status_code=202)
    def post_impressions(body: ListsElsewhere) -> ImpressionsAnswer:
        """Logs lists that were shown without the gateway. 202: they are durable."""
        lists = [each.model_dump() for each in body.lists]
        impressions.add(lists)
        return ImpressionsAnswer(accepted=len(lists))


def _waiting(states):
    """NaN while the store does not answer."""
    try:
        return states.outbox.waiting()
    except StoreError:
        return math.nan
