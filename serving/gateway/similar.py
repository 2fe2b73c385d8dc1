"""The route of items that are like another."""

import time
from typing import Annotated, Any

import grpc
from fastapi import Depends, FastAPI, Query, Response
from pydantic import BaseModel

from serving.fields import Id, Now
from serving.gateway.impressions import Impression, Impressions, ImpressionSource
from serving.gateway.model_client import ModelClient
from serving.gateway.own_parameters import OwnParameters
from serving.gateway.recommendations import NoAnswerError
from serving.gateway.schemas import MAX_K, ShownItem
from serving.gateway.titles import ItemTitles
from tfrec.errors import ServingError
from tfrec.protocol.status import RequestError

_REFUSED = {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION}
MANY = "One or more, separated by |"


class NoSuchItemError(ServingError):
    """The model does not know the item that is asked about."""


class ScoredItem(ShownItem):
    """One item, and how like it is: comparable within one answer."""

    score: float


class SimilarItems(BaseModel):
    """Items like another, best first."""

    recommendation_id: str
    items: list[ScoredItem]
    model_version: int
    latency_ms: float


def add_similar(
    app: FastAPI, model: ModelClient, catalogue: ItemTitles, impressions: Impressions
) -> None:
    """Adds the route.

    Args:
        app: the gateway.
        model: the model server.
        catalogue: titles and categories.
        impressions: note what was shown.
    """

    @app.get("/v1/items/{item_id:path}/similar", response_model=SimilarItems)
    def show_similar(
        item_id: Id,
        own: Annotated[dict[str, Any], Depends(OwnParameters("filter."))],
        k: Annotated[int, Query(ge=1, le=MAX_K)] = 10,
        category: Annotated[str, Query(description=MANY)] = "",
        domain: Annotated[str, Query(description=MANY)] = "",
        exclude: Annotated[str, Query(description=f"Item ids. {MANY}")] = "",
        met: Annotated[str, Query(description=f"Items met before. {MANY}")] = "",
        now: Annotated[Now, Query(description="UTC seconds")] = None,
    ) -> Response:
        """Items like another, whoever asks. 404 for an item that is not known.

        `filter.NAME` limits attributes, such as `filter.price_max=10`.
        """
        started = time.perf_counter()
        names = {"categories": category, "domain": domain, "exclude": exclude}
        names["met"] = met
        lists = {name: _parts(text) for name, text in names.items()}
        moment = now or int(time.time())
        options = {"k": k, "now": moment, "filters": dict(own["limits"]), **lists}
        found = _ask(model, catalogue, item_id, options)
        shown = [Impression(each.item_id, each.score) for each in found]
        source = ImpressionSource("similar", model.version)
        answer = SimilarItems(
            recommendation_id=impressions.note("", shown, source, moment),
            items=[
                ScoredItem(
                    item_id=each.item_id,
                    score=each.score,
                    **catalogue.words(each.item_id),
                )
                for each in found
            ],
            model_version=model.version,
            latency_ms=round(1e3 * (time.perf_counter() - started), 3),
        )
        return Response(answer.model_dump_json(), media_type="application/json")


def _ask(model, catalogue, item_id, options):
    try:
        found = model.similar(item_id, **options)
        # Nothing is like an unknown item, or nothing that the options allow.
        is_known = found or catalogue.is_gone(item_id)
        if not is_known and not model.score_interest([item_id])[0]:
            raise NoSuchItemError(
                "`item_id` must be an item that the model knows, because it is "
                f"compared with others. Received: {item_id!r}."
            )
    except RequestError as error:
        if error.code in _REFUSED:
            raise
        raise NoAnswerError(
            f"The model server does not answer ({error}). Try again in some seconds."
        ) from error
    return found


def _parts(text):
    return [part for part in text.split("|") if part]
