"""The route that takes back one event."""

from fastapi import FastAPI
from starlette.routing import Match

from serving.fields import Id
from serving.gateway.any_text import any_text
from serving.gateway.json_route import StrictRoute
from serving.gateway.schemas import EventTakenBack
from serving.user_states.store import UserStates

_EVENTS = "/events/"


class _UndoRoute(StrictRoute):
    """Matches where `/events/` was written as such, and is no part of a user's id."""

    def matches(self, scope):
        if _EVENTS.encode() not in scope["raw_path"]:
            return Match.NONE, {}
        return super().matches(scope)


def add_undo(app: FastAPI, states: UserStates) -> None:
    """Adds the route; must come before the one that forgets a user.

    Args:
        app: the gateway.
        states: whose events are taken back.
    """

    def take_back(user_id: Id, event_id: Id) -> EventTakenBack:
        """Removes one event that was sent with an `event_id`; it may be sent again."""
        return EventTakenBack(state_version=states.remove(user_id, event_id))

    app.router.add_api_route(
        f"/v1/users/{any_text('user_id')}{_EVENTS}{any_text('event_id')}",
        take_back,
        methods=["DELETE"],
        route_class_override=_UndoRoute,
    )
