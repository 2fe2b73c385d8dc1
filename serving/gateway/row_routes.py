"""The route of rows of a page."""

import time
from typing import Annotated

from fastapi import FastAPI, Query
from pydantic import BaseModel

from serving.fields import Id, Now
from serving.gateway.impressions import Impression, Impressions, ImpressionSource
from serving.gateway.rows import Kind, PageRows, RowsRequest
from serving.gateway.schemas import MAX_K, ShownItem
from serving.gateway.titles import ItemTitles
from tfrec.reasons.sentences import Lang


class RowItem(ShownItem):
    """An item of a row; those of the first row have reasons and rules of their own."""

    reason: str | None
    rules: list[str]


class RowAnswer(BaseModel):
    """A row: its title says why its items are there."""

    recommendation_id: str
    kind: Kind
    title: str
    items: list[RowItem]


class RowsAnswer(BaseModel):
    """The rows of a page, from its top; no item comes twice."""

    rows: list[RowAnswer]
    latency_ms: float


def add_rows(
    app: FastAPI, rows: PageRows, catalogue: ItemTitles, impressions: Impressions
) -> None:
    """Adds the route.

    Args:
        app: the gateway.
        rows: what it gives.
        catalogue: titles and categories.
        impressions: note what was shown.
    """

    @app.get("/v1/users/{user_id:path}/rows")
    def show_rows(
        user_id: Id,
        k: Annotated[int, Query(ge=1, le=MAX_K, description="Items of a row")] = 10,
        now: Annotated[Now, Query(description="UTC seconds")] = None,
        lang: Annotated[Lang, Query(description="Language of titles, reasons")] = "en",
        domain: Annotated[str, Query(description="One or more, separated by |")] = "",
    ) -> RowsAnswer:
        """Recommended, like what was had, trending, new: those that have any item."""
        started = time.perf_counter()
        request = RowsRequest(k, now, lang, domain)
        found = [
            RowAnswer(
                recommendation_id=impressions.note(
                    user_id,
                    map(Impression, row.item_ids),
                    ImpressionSource(f"row_{row.kind}", row.model_version),
                    request.moment,
                ),
                kind=row.kind,
                title=row.title,
                items=[
                    RowItem(
                        item_id=each,
                        reason=reason,
                        rules=rules,
                        **catalogue.words(each),
                    )
                    for each, reason, rules in zip(
                        row.item_ids, row.reasons, row.rules, strict=True
                    )
                ],
            )
            for row in rows.for_user(user_id, request)
        ]
        latency_ms = round(1e3 * (time.perf_counter() - started), 3)
        return RowsAnswer(rows=found, latency_ms=latency_ms)
