"""The gateway's routes."""

import contextlib
import math
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import Body, Depends, FastAPI, Query, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from serving.fields import Id, Now
from serving.gateway.any_text import any_text
from serving.gateway.ask_routes import add_ask
from serving.gateway.asking import Asking
from serving.gateway.docs_page import add_docs
from serving.gateway.errors import PROBLEMS, add_error_handlers
from serving.gateway.feedback import Reactions
from serving.gateway.impressions import Impressions
from serving.gateway.interest_shares import Interests
from serving.gateway.item_routes import add_items
from serving.gateway.json_route import StrictRoute
from serving.gateway.list_options import ListOptions
from serving.gateway.list_routes import add_lists
from serving.gateway.lists import ItemLists
from serving.gateway.metrics import Metrics
from serving.gateway.model_client import ModelClient
from serving.gateway.own_parameters import PARTS, OwnParameters, named
from serving.gateway.page import add_page
from serving.gateway.quotas import Quota
from serving.gateway.recommendations import Recommending, note_found
from serving.gateway.row_routes import add_rows
from serving.gateway.rows import PageRows
from serving.gateway.schemas import (
    MAX_K,
    EventsAnswer,
    ForgottenAnswer,
    FoundItems,
    Health,
    InterestsAnswer,
    Mode,
    Recommendations,
    Session,
    SessionRequest,
    Share,
    ShownItem,
    StateAnswer,
    StateEvent,
)
from serving.gateway.served_items import ServedItems
from serving.gateway.similar import add_similar
from serving.gateway.titles import ItemTitles
from serving.gateway.undo import add_undo
from serving.profile import Profile
from serving.user_states.events import Event, EventError, read_events
from serving.user_states.store import StoreError, UserStates
from tfrec.export.item_log import ItemLog
from tfrec.inference.interest_decay import InterestSettings
from tfrec.protocol.tracing import trace_app
from tfrec.reasons.sentences import Lang
from tfrec.values import read_id

MAX_EVENTS = 1000  # of one request
MAX_FOUND = 100  # items of one search
_ONE_OR_MANY = {
    "anyOf": [
        Event.model_json_schema(),
        {"type": "array", "items": Event.model_json_schema(), "maxItems": MAX_EVENTS},
    ]
}


def make_app(
    states: UserStates,
    model: ModelClient,
    catalogue: ItemTitles,
    reactions: Reactions | None = None,
    users: Sequence[str] = (),
    item_log: ItemLog | None = None,
    settings: InterestSettings | None = None,
    profiles: Mapping[str, Profile] | None = None,
) -> FastAPI:
    """The gateway as an ASGI app; it looks after the model server while it runs.

    It lets anybody in: `make_door` checks requests, and counts what becomes of them.
    `add_texts` adds the route of texts.

    Args:
        states: whose users are served.
        model: the model server.
        catalogue: titles and categories.
        reactions: what events mean; as the model learnt it if None.
        users: ids that the page offers.
        item_log: of the served model, for the routes that change items; None for none.
        settings: how interest vectors follow events.
        profiles: user id -> `Profile`, of those who have one.
    """
    reactions = reactions or Reactions(lambda: model.kinds)
    app = FastAPI(
        title="tfrec gateway",
        lifespan=_watching(model),
        docs_url=None,
        redoc_url=None,
        responses=PROBLEMS,
    )
    app.router.route_class = StrictRoute
    metrics = Metrics()
    app.state.metrics = metrics
    add_error_handlers(app)
    parts = (states, model, catalogue, metrics, reactions, settings, profiles)
    recommending = app.state.recommending = Recommending(*parts)
    impressions = app.state.impressions = Impressions()
    app.state.log_writer = None
    _add_recommendations(app, recommending, impressions)
    _add_interests(app, states, Interests(model, catalogue, reactions))
    _add_events(app, states, metrics)
    add_undo(app, states)
    asking = app.state.asking = Asking(recommending, catalogue, reactions)
    add_ask(app, asking, _history, impressions)
    _add_users(app, states, (impressions, recommending, asking), catalogue)
    _add_search(app, catalogue)
    lists = ItemLists(states, catalogue, reactions)
    add_lists(app, lists, catalogue, impressions)
    rows = PageRows(states, recommending, model, catalogue, reactions, lists)
    add_rows(app, rows, catalogue, impressions)
    add_similar(app, model, catalogue, impressions)
    if item_log:
        add_items(app, item_log, catalogue, recommending)
    served = ServedItems(item_log, model)
    _add_operation(app, states, model, metrics, served)
    add_page(app, catalogue, reactions, users)
    add_docs(app)
    trace_app(app)
    return app


def _watching(model):
    @contextlib.asynccontextmanager
    async def lifespan(app):
        stopped = threading.Event()
        watcher = threading.Thread(target=model.watch, args=[stopped], daemon=True)
        watcher.start()
        yield
        stopped.set()
        watcher.join()

    return lifespan


async def read_options(  # not in a thread of its own, as FastAPI would have it
    own: Annotated[dict[str, Any], Depends(OwnParameters(*PARTS))],
    k: Annotated[int, Query(ge=1, le=MAX_K)] = 10,
    category: Annotated[str, Query(description="One or more, separated by |")] = "",
    query: str = "",
    explain: bool = False,
    now: Annotated[Now, Query(description="UTC seconds")] = None,
    mode: Annotated[Mode, Query(description="What is sent to the model")] = "history",
    allow_repeats: bool = False,
    min_probability: Share = 0.0,
    diversity: Share = 0.0,
    lang: Annotated[Lang, Query(description="Language of the reasons")] = "en",
    domain: Annotated[str, Query(description="One or more, separated by |")] = "",
    quota: Quota = "",
):
    """The options of a list in the query of a URL, for a route to depend on."""
    more = (allow_repeats, min_probability, diversity, lang, domain, quota)
    return ListOptions(k, category, query, explain, now, mode, *more, **own)


def _add_recommendations(app, recommending, impressions):
    @app.get("/v1/users/{user_id:path}/recommendations", response_model=Recommendations)
    def recommend(
        user_id: Id, options: Annotated[ListOptions, Depends(read_options)]
    ) -> Response:
        """The best items for a user, by the events that came so far.

        `filter.NAME` limits attributes, such as `filter.price_max=10` and
        `filter.brand_any=acme|zeta`; `user.NAME` and `context.NAME` tell of the user
        and the request. A model has names of its own.
        """
        started = time.perf_counter()
        found, state_version = recommending.for_user(user_id, options)
        noted = note_found(impressions, user_id, found, options.now)
        return _answer(noted, found, state_version, started)

    @app.post("/v1/sessions/recommendations", response_model=Recommendations)
    def recommend_for_session(session: SessionRequest) -> Response:
        started = time.perf_counter()
        found = recommending.for_session(_history(session), _options(session))
        noted = note_found(impressions, "", found, session.now)
        return _answer(noted, found, 0, started)


def _options(session):
    """The `ListOptions` of a session's body."""
    own = ("filters", "user_features", "context")
    limits, features, context = (named(getattr(session, each)) for each in own)
    asked = session.model_dump(exclude={"history", *own})
    return ListOptions(**asked, limits=limits, user_features=features, context=context)


def _history(session):
    """As `tfrec.client.histories.FIELDS`, oldest first."""
    now = session.now or int(time.time())

    def moment(event):
        return now if event.timestamp is None else event.timestamp, event.sequence

    events = sorted(session.history, key=moment)
    values = (math.nan if e.value is None else e.value for e in events)
    return [
        (e.item_id, e.event, value, moment(e)[0], e.text)
        for e, value in zip(events, values, strict=True)
    ]


def _answer(recommendation_id, found, state_version, started):
    answer = Recommendations(
        recommendation_id=recommendation_id,
        items=found.items,
        state_version=state_version,
        model_version=found.model_version,
        latency_ms=round(1e3 * (time.perf_counter() - started), 3),
        reason_code=found.reason_code,
        probability_of=found.probability_of,
        **vars(found.applied),
    )
    return _written(answer)


def _written(answer, status=200):
    """An answer as JSON; FastAPI would check it once more, in another thread."""
    return Response(answer.model_dump_json(), status, media_type="application/json")


def _add_interests(app, states, interests):
    @app.get("/v1/users/{user_id:path}/interests")
    def show_interests(
        user_id: Id,
        now: Annotated[Now, Query(description="UTC seconds")] = None,
    ) -> InterestsAnswer:
        """Shares of events, categories, keywords and topics in the recommendations."""
        state = states.get(user_id)
        found = interests.of_history(state.history(), now)
        return InterestsAnswer(**found._asdict(), state_version=state.version)

    @app.post("/v1/sessions/interests")
    def show_interests_of_session(session: Session) -> InterestsAnswer:
        found = interests.of_history(_history(session), session.now)
        return InterestsAnswer(**found._asdict(), state_version=0)


def _add_events(app, states, metrics):
    body = {"content": {"application/json": {"schema": _ONE_OR_MANY}}}

    @app.post(
        "/v1/events",
        status_code=202,
        response_model=EventsAnswer,
        openapi_extra={"requestBody": body},
    )
    def post_events(payload: Annotated[Any, Body()]) -> Response:
        """Stores one event or a list, all or none. 202 means that they are durable."""
        try:
            events = _read_limited(payload)
        except EventError:
            metrics.count_poison(len(payload) if isinstance(payload, list) else 1)
            raise
        appended = states.append(events)
        metrics.count_events(appended.accepted, appended.duplicates)
        answer = EventsAnswer(
            accepted=appended.accepted,
            duplicates=appended.duplicates,
            state_versions=appended.versions,
        )
        return _written(answer, 202)


def _read_limited(payload):
    if isinstance(payload, list) and len(payload) > MAX_EVENTS:
        raise EventError(
            f"A request must have at most {MAX_EVENTS} events. Received: "
            f"{len(payload)}. Send several requests."
        )
    return read_events(payload)


def _add_users(app, states, parts, catalogue):
    impressions, *remembering = parts

    @app.get("/v1/users/{user_id:path}/state")
    def show_state(user_id: Id) -> StateAnswer:
        state = states.get(user_id)
        events = [
            StateEvent(title=catalogue.title(event.item_id), **event._asdict())
            for event in state.events
        ]
        return StateAnswer(user_id=user_id, state_version=state.version, events=events)

    @app.delete(f"/v1/users/{any_text('user_id')}")
    def forget(user_id: str) -> ForgottenAnswer:
        """Deletes the user, also under an id that the present rules refuse."""
        impressions.flush()
        known = [states.forget(each) for each in _spellings(user_id)]
        for each in _spellings(user_id):
            for part in remembering:
                part.forget(each)
        return ForgottenAnswer(forgotten=any(known))


def _spellings(user_id):
    """An id as it came and, where it is one, as it is kept now."""
    try:
        return {user_id, read_id(user_id)}
    except ValueError:
        return {user_id}


def _add_search(app, catalogue):
    @app.get("/v1/items")
    def search_items(
        query: Annotated[str, Query(description="Words of the title")],
        limit: Annotated[int, Query(ge=1, le=MAX_FOUND)] = 10,
        domain: Annotated[str, Query(description="One or more, separated by |")] = "",
    ) -> FoundItems:
        domains = [part for part in domain.split("|") if part]
        found = [
            ShownItem(item_id=item_id, **catalogue.words(item_id))
            for item_id in catalogue.search(query, limit, domains)
        ]
        return FoundItems(items=found)


def _add_operation(app, states, model, metrics, served):
    without_store = {"model": Health, "description": "The store does not answer"}

    @app.get("/health", response_model=Health, responses={503: without_store})
    def health():
        """503 without the store. Without the model server 200: the fallback answers."""
        store = "ok"
        try:
            states.check()
        except StoreError as error:
            store = str(error)
        health_now = Health(
            store=store,
            model_server=model.problem or "ok",
            items=served.problem() or "ok",
            log=_log_health(app.state.log_writer),
            model_version=model.version,
        )
        return JSONResponse(health_now.model_dump(), 200 if store == "ok" else 503)

    @app.get("/metrics", response_class=PlainTextResponse)
    def show_metrics() -> Response:
        return Response(metrics.text(), media_type="text/plain; version=0.0.4")


def _log_health(writer):
    return "off" if writer is None else writer.problem or "ok"
