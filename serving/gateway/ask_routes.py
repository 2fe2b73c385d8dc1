"""The routes of requests in sentences."""

import time
from collections.abc import Callable

from fastapi import FastAPI, Response

from serving.fields import Id
from serving.gateway.ask_schemas import AskAnswer, AskRequest, SessionAskRequest
from serving.gateway.asking import Asking
from serving.gateway.impressions import Impressions
from serving.gateway.recommendations import note_found
from serving.gateway.schemas import Session

History = Callable[[Session], list[tuple]]


def add_ask(
    app: FastAPI, asking: Asking, read_history: History, impressions: Impressions
) -> None:
    """Adds the routes that take a sentence.

    Args:
        app: the gateway.
        asking: answers.
        read_history: gives the events of a session's body, as the model takes them.
        impressions: note what was shown.
    """

    @app.post("/v1/users/{user_id:path}/ask", response_model=AskAnswer)
    def ask(user_id: Id, asked: AskRequest) -> Response:
        """A list for a sentence in English or Chinese, and what was understood.

        Limits are filters: no item of the answer is against a part that `is_hard` and
        `is_applied`. With `session` the next sentence may refine this one.
        """
        started = time.perf_counter()
        given = asking.answer(user_id, asked)
        noted = note_found(impressions, user_id, given.found, asked.now, "ask")
        return _written(given, noted, started)

    @app.post("/v1/sessions/ask", response_model=AskAnswer)
    def ask_in_session(asked: SessionAskRequest) -> Response:
        """The same for somebody without a user id."""
        started = time.perf_counter()
        history = read_history(Session(history=asked.history, now=asked.now))
        given = asking.answer("", asked, history)
        noted = note_found(impressions, "", given.found, asked.now, "ask")
        return _written(given, noted, started)


def _written(given, recommendation_id, started):
    answer = AskAnswer(
        recommendation_id=recommendation_id,
        items=list(given.found.items),
        state_version=given.state_version,
        model_version=given.found.model_version,
        latency_ms=round(1e3 * (time.perf_counter() - started), 3),
        reason_code=given.found.reason_code,
        probability_of=given.found.probability_of,
        understood=given.understood,
        notes=given.notes,
        query=given.query,
        lang=given.lang,
        is_refined=given.is_refined,
        parsed_by=given.parsed_by,
        **vars(given.found.applied),
    )
    return Response(answer.model_dump_json(), media_type="application/json")
