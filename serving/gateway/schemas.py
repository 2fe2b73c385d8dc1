"""Bodies of the gateway's requests and answers."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from serving.fields import (
    ItemId,
    Kind,
    Now,
    OptionalSeconds,
    Sequence,
    Text,
    Value,
    complete,
)
from serving.gateway.quotas import Quota
from serving.wording import RequestBody
from tfrec.reasons.evidence import CarryingEvent, ListChange, SharedWord
from tfrec.reasons.sentences import Lang

MAX_K = 1000
MAX_SESSION = 1000  # events
Mode = Literal["history", "interest"]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
ReasonCode = Literal["history", "interest", "cold_user", "fallback"]


class ShownItem(BaseModel):
    """Texts of an item; `about` is the beginning of its text."""

    item_id: str
    title: str
    categories: list[str]
    domain: str
    about: str


class Because(BaseModel):
    """What speaks for an item, as `tfrec.reasons.evidence.Evidence` has it.

    `events` carry the item, `words` and `shared_categories` it shares with the named
    event and with what was written, `change` is beside the list before.
    """

    model_config = ConfigDict(from_attributes=True)

    events: list[CarryingEvent]
    words: list[SharedWord]
    shared_categories: list[str]
    is_found_by_query: bool
    change: ListChange | None


class RecommendedItem(ShownItem):
    """One item; with `explain`, why it is recommended: a sentence, and as data.

    `rules` names the rules that touched it.
    """

    score: float
    probability: float
    reason: str | None = None
    because: Because | None = None
    rules: list[str] = []


class Recommendations(BaseModel):
    """An answer.

    `reason_code`: "history" (from the user's events), "interest" (from the user's
    interest vector), "cold_user" (no events) or "fallback" (the model server is down:
    the last list for users without events). `rules_version`, and the `arm` of its
    `experiment` that the person is in, are "" where there are none. Events with an
    item of the list may name its `recommendation_id`. `probability_of`: "chosen" (of an
    item against one drawn at random), "liked" (of an item that somebody meets) or ""
    (the model does not tell).
    """

    recommendation_id: str
    items: list[RecommendedItem]
    state_version: int
    model_version: int
    latency_ms: float
    reason_code: ReasonCode
    probability_of: str
    rules_version: str = ""
    experiment: str = ""
    arm: str = ""


class SessionEvent(RequestBody):
    """An event of a session without a user id; may also be just an item id."""

    text: Text = Field("", description="What was written, such as a search")
    item_id: ItemId = Field(description="May be absent where there is a `text`")
    event: Kind = ""
    value: Value = None
    timestamp: OptionalSeconds = Field(None, description="UTC seconds; null: now")
    sequence: Sequence = 0

    @model_validator(mode="before")
    @classmethod
    def _read(cls, raw):
        return complete({"item_id": raw} if isinstance(raw, str | int) else raw)


class Session(RequestBody):
    """Events of a session without a user id, and the time of the request."""

    history: list[SessionEvent] = Field([], max_length=MAX_SESSION)
    now: Now = Field(None, description="UTC seconds; null: now")


class SessionRequest(Session):
    """A request of a session without a user id."""

    k: int = Field(10, ge=1, le=MAX_K)
    category: str = Field("", description="One or more, separated by |")
    query: str = ""
    explain: bool = False
    allow_repeats: bool = False
    min_probability: Share = 0.0
    diversity: Share = 0.0
    lang: Lang = Field("en", description="Language of the reasons")
    domain: str = Field("", description="One or more, separated by |")
    quota: Quota = ""
    filters: dict[str, Any] = Field(
        {}, description='Limits of attributes, such as {"price_max": 10}'
    )
    user_features: dict[str, Any] = Field({}, description="Columns of the user")
    context: dict[str, Any] = Field({}, description="Columns of the request")


class EventsAnswer(BaseModel):
    """Counts of the events; `state_versions` has each user's version after them."""

    accepted: int
    duplicates: int
    state_versions: dict[str, int]


class EventTakenBack(BaseModel):
    """The version of the state after an event was removed."""

    state_version: int


class StateEvent(BaseModel):
    """One event of a user's state."""

    item_id: str
    title: str
    event: str
    value: float | None
    timestamp: int
    sequence: int
    text: str


class StateAnswer(BaseModel):
    """A user's state, oldest event first."""

    user_id: str
    state_version: int
    events: list[StateEvent]


class WeightedItem(BaseModel):
    """An item of a history and its share in the recommendations."""

    item_id: str
    title: str
    weight: float


class WeightedName(BaseModel):
    """A category, keyword or topic: its share now, a day ago and a week ago."""

    name: str
    weight: Share
    day_ago: Share
    week_ago: Share


class InterestsAnswer(BaseModel):
    """Shares of a user's events, largest first; the items' weights sum to 1.

    An item's weight is divided among its categories, and counts in full for each of its
    keywords and for its topic.
    """

    items: list[WeightedItem]
    categories: list[WeightedName]
    keywords: list[WeightedName]
    topics: list[WeightedName]
    state_version: int


class FoundItems(BaseModel):
    """Items that a search of titles found, best match first."""

    items: list[ShownItem]


class ForgottenAnswer(BaseModel):
    """Whether there was anything to delete."""

    forgotten: bool


class Health(BaseModel):
    """For each part "ok" or the problem; `log` is "off" without one."""

    store: str
    model_server: str
    items: str
    log: str
    model_version: int
