"""Recommendations and events over HTTP: state, model server and titles in one place.

    python -m serving.online.gateway --target 127.0.0.1:8500 --model movielens \
        --store sqlite:///states.db --items items.parquet

One line on stdout says where it listens: with a page for trying it out, and /docs,
which shows every route.
"""

import logging
import pathlib
import signal
import socket
from typing import Annotated

from typer import Option

from serving.security.identity import Ca, Cert, Key, TokenFile, read_identity
from tfrec.program import run_program

MODEL_TIMEOUT_S = 2
BACKLOG = 2048  # connections that wait to be accepted


def serve(
    target: Annotated[str, Option(help="HOST:PORT of the model server.")],
    model: Annotated[str, Option(help="What the model server calls the model.")],
    store: Annotated[
        str, Option(help="sqlite:///PATH, redis://HOST:PORT/0 or memory:")
    ],
    items: Annotated[
        pathlib.Path | None, Option(help="Parquet file with titles.")
    ] = None,
    port: Annotated[int, Option(help="0 picks a free one.")] = 0,
    host: Annotated[str, Option(help="Address to bind.")] = "127.0.0.1",
    like: Annotated[
        str | None,
        Option(
            help="KIND or KIND=VALUE of the event that the page's like sends; without "
            "it, the most frequent sign of interest that the model learnt."
        ),
    ] = None,
    skip: Annotated[
        str | None,
        Option(
            help="The same of its skip; without it, a dislike that the model learnt, "
            "or else an event that hides the item."
        ),
    ] = None,
    hide: Annotated[
        str,
        Option(
            help="Kinds of events, with commas, that only hide their items though the "
            "model learnt them; those that it did not learn always do."
        ),
    ] = "",
    users: Annotated[str, Option(help="Ids, with commas, that the page offers.")] = "",
    model_folder: Annotated[
        pathlib.Path | None,
        Option(help="Folder of the served model: items can be put in and taken out."),
    ] = None,
    interest: Annotated[
        pathlib.Path | None,
        Option(help="interest.json of training.freshness, for mode=interest."),
    ] = None,
    profiles: Annotated[
        pathlib.Path | None,
        Option(help="Users' profiles, as for training: user_id, text."),
    ] = None,
    ca: Ca = "",
    cert: Cert = "",
    key: Key = "",
    token_file: TokenFile = "",
):
    """Serves recommendations that follow each event, over HTTP."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    identity = read_identity(ca, cert, key, token_file)
    # FastAPI and the model server's messages take seconds to import.
    import uvicorn

    from serving import tracing
    from serving.client import RecommenderClient
    from serving.items.log import ItemLog
    from serving.online.app import make_app
    from serving.online.catalogue import Catalogue
    from serving.online.interest_keeping import read_settings
    from serving.online.model_link import ModelLink
    from serving.online.profiles import read_profiles
    from serving.online.reactions import Reaction, Reactions
    from serving.online.stores.opening import open_states

    tracing.start("tfrec-gateway")
    chosen = (Reaction.read(like), Reaction.read(skip), frozenset(_split(hide)))
    settings, catalogue = read_settings(interest), Catalogue(items)
    states = open_states(store)
    client = RecommenderClient(
        target, model, timeout_s=MODEL_TIMEOUT_S, **vars(identity)
    )
    link = ModelLink(client)
    link.look()
    reactions = Reactions(lambda: link.kinds, *chosen)
    listener = _listen(host, port)
    item_log = ItemLog.of(model_folder) if model_folder else None
    texts = read_profiles(profiles) if profiles else {}
    parts = (reactions, _split(users), item_log, settings, texts)
    app = make_app(states, link, catalogue, *parts)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    # uvicorn raises the signal that ended it once more.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    name = f"[{host}]" if ":" in host else host
    print(
        f"Running gateway at http://{name}:{listener.getsockname()[1]} ...", flush=True
    )
    server.run(sockets=[listener])
    link.close()
    states.close()


def _split(text):
    return [part.strip() for part in text.split(",") if part.strip()]


def _listen(host, port):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    # asyncio does so only for sockets that it made; without it answers take 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def main():
    """Entry point of `tfrec-gateway`."""
    run_program(serve)


if __name__ == "__main__":
    main()
