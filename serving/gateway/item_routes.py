"""Routes that add and remove items."""

from typing import Annotated, Any

from fastapi import Body, FastAPI
from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from serving.fields import Id
from serving.gateway.recommendations import Recommending
from serving.gateway.titles import ItemTitles
from serving.wording import RequestBody, describe
from tfrec.data.about import about
from tfrec.data.item_changes import ItemChange
from tfrec.data.item_order import check_added
from tfrec.errors import DataError, ServingError
from tfrec.export.item_log import ItemLog
from tfrec.export.manifest import item_columns
from tfrec.export.version_folders import version_folder
from tfrec.values import read_categories, read_ids, read_limit, read_text

MAX_ITEMS = 1000  # of one request
Text = Annotated[str, BeforeValidator(read_text)]
Category = Annotated[str, BeforeValidator(read_categories)]
Limit = Annotated[int, BeforeValidator(read_limit)]
ItemIds = Annotated[str, BeforeValidator(read_ids)]


class NewItem(RequestBody):
    """An item to add."""

    item_id: Id
    title: Text = ""
    text: Text = ""
    category: Category = Field("", description="One or more, separated by |")
    domain: Text = Field("", description="Such as books")
    features: dict[str, Any] = Field(
        {}, description="Values by the model's columns of items, such as price"
    )
    available_from: Limit = Field(0, description="UTC seconds; 0: always")
    available_until: Limit = Field(0, description="UTC seconds; 0: no end")
    after: ItemIds = Field(
        "", description="Ids of the items that must be met before, separated by |"
    )

    @model_validator(mode="after")
    def _check_limits(self):
        ItemChange(
            **self.model_dump()
        )  # a DataError is a ValueError, and has the words
        return self


_Items = TypeAdapter(
    Annotated[list[NewItem], Field(min_length=1, max_length=MAX_ITEMS)]
)
_ONE = NewItem.model_json_schema()
_ONE_OR_MANY = {
    "anyOf": [_ONE, {"type": "array", "items": _ONE, "maxItems": MAX_ITEMS}]
}


class ItemError(ServingError, ValueError):
    """What came is no item."""


def read_items(raw: Any) -> list[NewItem]:
    """One item or a list of them, all right or none.

    Args:
        raw: parsed JSON.

    Raises:
        ItemError: what must be otherwise.

    Example:
        >>> read_items({"item_id": "a"})[0].category
        ''
    """
    try:
        return _Items.validate_python(raw if isinstance(raw, list) else [raw])
    except ValidationError as error:
        problems = error.errors(include_url=False)
        if not isinstance(raw, list):
            problems = [each | {"loc": each["loc"][1:]} for each in problems]
        place = "The list" if isinstance(raw, list) else "The item"
        raise ItemError(describe(problems, place)) from None


class ItemsAnswer(BaseModel):
    """Number of items that were added or removed, and what to look at."""

    accepted: int
    warning: str = ""


def add_items(
    app: FastAPI, log: ItemLog, catalogue: ItemTitles, recommending: Recommending
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

    def write(changes, warning=""):
        log.append(changes)
        for change in changes:
            _note(catalogue, change)
        recommending.forget_all()
        return ItemsAnswer(accepted=len(changes), warning=warning)

    body = {"content": {"application/json": {"schema": _ONE_OR_MANY}}}

    @app.post(
        "/v1/items",
        status_code=202,
        response_model_exclude_defaults=True,
        openapi_extra={"requestBody": body},
    )
    def put_items(payload: Annotated[Any, Body()]) -> ItemsAnswer:
        """Adds or replaces one item or a list. 202 means that they are durable."""
        items = [ItemChange(**item.model_dump()) for item in read_items(payload)]
        words = _check_order(catalogue, items)
        return write(_checked(items, log.path.parent), words)

    @app.delete(
        "/v1/items/{item_id:path}",
        status_code=202,
        response_model_exclude_defaults=True,
    )
    def remove_item(item_id: Id) -> ItemsAnswer:
        """Removes an item; also one that is not known."""
        return write([ItemChange(item_id=item_id, is_removed=True)])


def _check_order(catalogue, items):
    """What there is to say of unknown prerequisites."""
    added = {item.item_id: item.prerequisites for item in items}
    try:
        words = check_added(added, catalogue.order, catalogue.ids())
    except DataError as error:
        raise ItemError(str(error)) from None
    return words


def _checked(changes, model_folder):
    """The changes with features as the newest version of a model reads them."""
    if not any(change.features for change in changes):
        return changes
    columns = item_columns(version_folder(model_folder))
    try:
        return [change.checked(columns) for change in changes]
    except DataError as error:
        raise ItemError(str(error)) from None


def _note(catalogue, change):
    if change.is_removed:
        catalogue.remove(change.item_id)
    else:
        words = (change.title, change.category, about(change.text), change.domain)
        limits = (change.available_from, change.available_until)
        catalogue.put(change.item_id, *words, limits, change.after)
