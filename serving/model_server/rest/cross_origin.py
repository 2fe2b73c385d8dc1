"""Answers that pages of other sites may read."""

from starlette.middleware.cors import CORSMiddleware

from serving.request_log import HEADER


def with_cors(app):
    """An ASGI app that tells browsers that any site's pages may ask it.

    A browser's question beforehand (OPTIONS) is answered here, without a token, which
    browsers do not send with it.

    Args:
        app: `RestApp`.
    """
    return CORSMiddleware(
        app,
        allow_origins=["*"],
        allow_methods=["GET", "POST"],
        allow_headers=["authorization", "content-type", HEADER],
        expose_headers=[HEADER],
    )
