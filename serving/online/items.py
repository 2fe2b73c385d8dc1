"""Routes that put items in and take them out."""

from typing import Annotated

from fastapi import FastAPI
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from serving.items.log import ItemLog
from serving.online.catalogue import Catalogue
from serving.online.fields import Id
from serving.online.recommending import Recommending
from tfrec.data.item_changes import Change
from tfrec.values import read_categories, read_limit, read_text

MAX_ITEMS = 1000  # of one request
Text = Annotated[str, BeforeValidator(read_text)]
Category = Annotated[str, BeforeValidator(read_categories)]
Limit = Annotated[int, BeforeValidator(read_limit)]


class NewItem(BaseModel):
    """An item as it is put in."""

    model_config = ConfigDict(extra="forbid")

    item_id: Id
    title: Text = ""
    text: Text = ""
    category: Category = Field("", description="One or more, `|` between")
    available_from: Limit = Field(0, description="UTC seconds; 0: always")
    available_until: Limit = Field(0, description="UTC seconds; 0: for ever")

    @model_validator(mode="after")
    def _check_limits(self):
        Change(**self.model_dump())  # a DataError is a ValueError, and has the words
        return self


Items = Annotated[list[NewItem], Field(min_length=1, max_length=MAX_ITEMS)]


class ItemsAnswer(BaseModel):
    """How many items were put in or taken out."""

    accepted: int


def add_items(
    app: FastAPI, log: ItemLog, catalogue: Catalogue, recommending: Recommending
) -> None:
    """Adds the routes; what the log holds already is brought into the catalogue.

    Args:
        app: the gateway.
        log: of the model that the server serves.
        catalogue: titles, kept up to date.
        recommending: told when answers have become old.
    """
    for change in log.read().changes:
        _note(catalogue, change)

    def write(changes):
        log.append(changes)
        for change in changes:
            _note(catalogue, change)
        recommending.forget_all()
        return ItemsAnswer(accepted=len(changes))

    @app.post("/v1/items", status_code=202)
    def put_items(items: NewItem | Items) -> ItemsAnswer:
        """One item or a list, new or in place of others; answered when durable."""
        many = items if isinstance(items, list) else [items]
        return write([Change(**item.model_dump()) for item in many])

    @app.delete("/v1/items/{item_id:path}", status_code=202)
    def remove_item(item_id: Id) -> ItemsAnswer:
        """It is not recommended any more, whether it was known or not."""
        return write([Change(item_id=item_id, is_removed=True)])


def _note(catalogue, change):
    if change.is_removed:
        catalogue.remove(change.item_id)
    else:
        catalogue.put(change.item_id, change.title, change.category)
