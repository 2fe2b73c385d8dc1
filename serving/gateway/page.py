"""A page on which people try the recommender: plain files, and what they ask first."""

import pathlib
from collections.abc import Sequence

from fastapi import FastAPI
from pydantic import BaseModel
from starlette.responses import FileResponse
from starlette.staticfiles import StaticFiles

from serving.gateway.feedback import Reaction, Reactions
from serving.gateway.titles import ItemTitles

FOLDER = pathlib.Path(__file__).parent / "static"
# Only our own files, and no text may become code or markup.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


class PageSettings(BaseModel):
    """What the page offers: ids of users, categories, and the events of its clicks."""

    users: list[str]
    categories: list[str]
    like: Reaction
    skip: Reaction
    is_skip_hidden: bool


class _Files(StaticFiles):
    def file_response(self, *args, **kwargs):
        response = super().file_response(*args, **kwargs)
        response.headers.update(HEADERS)
        return response


def add_page(
    app: FastAPI, catalogue: ItemTitles, reactions: Reactions, users: Sequence[str]
) -> None:
    """Serves the page at `/`, its files below `/web` and its settings."""

    @app.get("/v1/page")
    def show_settings() -> PageSettings:
        """As the model that is served now has it."""
        return PageSettings(
            users=list(users),
            categories=catalogue.all_categories(),
            like=reactions.like,
            skip=reactions.skip,
            is_skip_hidden=reactions.hides(reactions.skip.event),
        )

    @app.get("/", include_in_schema=False)
    def show_page() -> FileResponse:
        return FileResponse(FOLDER / "index.html", headers=HEADERS)

    app.mount("/web", _Files(directory=FOLDER))
