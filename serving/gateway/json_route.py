"""How the gateway's routes read what is asked: strictly, and not for long."""

import itertools

from fastapi import HTTPException, Request
from fastapi.routing import APIRoute
from pydantic_core import from_json
from starlette.concurrency import run_in_threadpool

from serving.gateway.own_parameters import OwnParameters
from serving.http.json_values import has_more_values
from serving.wording import check_names

LARGE = 64 * 1024  # bytes whose parsing would keep others waiting
# 1000 events of 8 fields, or items with the commas of their texts.
MAX_VALUES = 50_000
_API = "/v1/"


def read_json(body: bytes):
    """A JSON document: of bounded depth and number of values, and in Unicode.

    Raises:
        HTTPException: 422, it is none; 413, it has too many values.
    """
    if has_more_values(body, MAX_VALUES):
        raise HTTPException(
            413, f"A body must have at most {MAX_VALUES} values. Send several requests."
        )
    try:
        return from_json(body)
    except ValueError as error:
        raise HTTPException(422, f"The body must be JSON: {error}.") from None


class StrictRoute(APIRoute):
    """A route that refuses parameters that it does not know, and reads JSON safely."""

    def get_route_handler(self):
        """The handler of FastAPI, given a request of ours."""
        handle, known = super().get_route_handler(), _names(self.dependant)
        prefixes = _prefixes(self.dependant)

        async def handle_strictly(request: Request):
            if self.path.startswith(_API):
                _check_query(request, known, prefixes)
            return await handle(_JsonRequest(request.scope, request.receive))

        return handle_strictly


class _JsonRequest(Request):
    async def json(self):
        body = await self.body()
        large = len(body) > LARGE
        return await run_in_threadpool(read_json, body) if large else read_json(body)


def _names(dependant):
    """Names of the query's parameters that a route and what it depends on take."""
    inner = (_names(each) for each in dependant.dependencies)
    return {field.alias for field in dependant.query_params}.union(*inner)


def _prefixes(dependant):
    """How those names begin that a model gives."""
    own = dependant.call.prefixes if isinstance(dependant.call, OwnParameters) else ()
    inner = (_prefixes(each) for each in dependant.dependencies)
    return (*own, *itertools.chain.from_iterable(inner))


def _check_query(request, known, prefixes):
    names = [name for name, _ in request.query_params.multi_items()]
    try:
        check_names([each for each in names if not each.startswith(prefixes)], known)
    except ValueError as error:
        raise HTTPException(422, f"The query {error}") from None
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise HTTPException(422, f"`{min(twice)}` must be given once.")
