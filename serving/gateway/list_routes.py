"""The route of lists for everybody."""

import time
from typing import Annotated

from fastapi import FastAPI, Query
from pydantic import BaseModel

from serving.fields import Now
from serving.gateway.impressions import Impression, Impressions, ImpressionSource
from serving.gateway.lists import ItemLists, ListRequest
from serving.gateway.schemas import MAX_K, ShownItem
from serving.gateway.titles import ItemTitles


class ListedItem(ShownItem):
    """An item at its place, the first being 1.

    `count` has the events that mean interest, faded by the first half-life; `rise` is
    for trending items only.
    """

    place: int
    count: float
    rise: float | None = None


class ListAnswer(BaseModel):
    """A list, best first, and the half-lives of its counts in seconds."""

    recommendation_id: str
    items: list[ListedItem]
    half_lives_s: list[int]
    latency_ms: float


def add_lists(
    app: FastAPI, lists: ItemLists, catalogue: ItemTitles, impressions: Impressions
) -> None:
    """Adds the route.

    Args:
        app: the gateway.
        lists: what it gives.
        catalogue: titles and categories.
        impressions: note what was shown.
    """

    @app.get("/v1/lists/{name}")
    def show_list(
        name: str,
        k: Annotated[int, Query(ge=1, le=MAX_K)] = 10,
        category: Annotated[str, Query(description="One or more, separated by |")] = "",
        domain: Annotated[str, Query(description="One or more, separated by |")] = "",
        now: Annotated[Now, Query(description="UTC seconds")] = None,
    ) -> ListAnswer:
        """Popular, trending or new items: the name is one of these three."""
        started = time.perf_counter()
        names = (_parts(category), _parts(domain))
        moment = now or int(time.time())
        found = lists.find(name, ListRequest(k, *names, moment))
        shown = [Impression(each.item_id) for each in found]
        noted = impressions.note("", shown, ImpressionSource(name), moment)
        items = [
            ListedItem(place=place, **vars(each), **catalogue.words(each.item_id))
            for place, each in enumerate(found, start=1)
        ]
        latency_ms = round(1e3 * (time.perf_counter() - started), 3)
        half_lives_s = lists.half_lives_s[name]
        return ListAnswer(
            recommendation_id=noted,
            items=items,
            half_lives_s=half_lives_s,
            latency_ms=latency_ms,
        )


def _parts(text):
    return frozenset(part for part in text.split("|") if part)
