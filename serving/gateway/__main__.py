"""Recommendations and events over HTTP: state, model server and titles in one place.

    python -m serving.gateway --target 127.0.0.1:8500 --model movielens \
        --store sqlite:///states.db --model-folder saved_models/movielens

One line on stdout says where it listens: with a page for trying it out, and /docs,
which shows every route.
"""

import logging
import pathlib
import signal
import threading
from typing import Annotated

from typer import Option

from serving.interaction_log.log_writer import INTERVAL_S
from serving.interaction_log.opening import (
    Log,
    LogInterval,
    LogKeepDays,
    open_writer,
)
from serving.security.exposure import check_privacy, is_loopback
from serving.security.gate import Gate
from serving.security.tls import read_tls_files
from serving.security.tokens import Tokens
from serving.user_states.opening import Store, open_states
from serving.words.backends import open_model
from serving.words.settings import read_words
from tfrec.client.identity import Ca, Cert, Key, TokenFile, read_identity
from tfrec.errors import ConfigError
from tfrec.program import run_program

MODEL_TIMEOUT_S = 2
_TOKENS = "--auth-token-file"


def serve(
    target: Annotated[str, Option(help="HOST:PORT of the model server, over gRPC.")],
    model: Annotated[str, Option(help="Name of the model on the server.")],
    store: Store,
    items: Annotated[
        pathlib.Path | None,
        Option(help="Parquet file with titles, instead of --model-folder."),
    ] = None,
    port: Annotated[int, Option(help="Port; 0 takes a free one.")] = 0,
    host: Annotated[str, Option(help="Address to bind.")] = "127.0.0.1",
    like: Annotated[
        str | None,
        Option(
            help="KIND or KIND=VALUE of the event that Like on the page sends. "
            "Default: the model's most frequent kind of interest."
        ),
    ] = None,
    skip: Annotated[
        str | None,
        Option(
            help="KIND or KIND=VALUE of the event that Skip on the page sends. "
            "Default: a kind that the model learnt as negative, or an event that only "
            "hides the item."
        ),
    ] = None,
    hide: Annotated[
        str,
        Option(
            help="Kinds of events, separated by commas, that only hide their items. "
            "Kinds that the model did not learn always do."
        ),
    ] = "",
    users: Annotated[
        str, Option(help="User ids to offer on the page, separated by commas.")
    ] = "",
    model_folder: Annotated[
        pathlib.Path | None,
        Option(
            help="Folder of the served model: for titles of the version that is "
            "served, and for routes that add and remove items."
        ),
    ] = None,
    interest: Annotated[
        pathlib.Path | None,
        Option(help="Settings of mode=interest: interest.json of training.freshness."),
    ] = None,
    profiles: Annotated[
        pathlib.Path | None,
        Option(help="Table of profiles, as for training: user_id, text."),
    ] = None,
    rules: Annotated[
        pathlib.Path | None,
        Option(
            help="TOML file with rules of lists: boosts, pins, quotas. It is read "
            "again when it changes; `python -m serving.rules FILE` checks one."
        ),
    ] = None,
    words: Annotated[
        pathlib.Path | None,
        Option(
            help="TOML file with a section \\[words]: the language model that writes "
            "texts about items. Default: templates."
        ),
    ] = None,
    log: Log = "",
    log_keep_days: LogKeepDays = None,
    log_interval_s: LogInterval = INTERVAL_S,
    sentences_by_model: Annotated[
        bool,
        Option(
            help="Let that language model read requests in sentences, too, for at most "
            "0.8 s each."
        ),
    ] = False,
    ca: Ca = "",
    cert: Cert = "",
    key: Key = "",
    token_file: TokenFile = "",
    tls_cert: Annotated[str, Option(help="Certificate of the gateway, PEM.")] = "",
    tls_key: Annotated[str, Option(help="Key of that certificate, PEM.")] = "",
    tls_client_ca: Annotated[
        str,
        Option(help="Authority of client certificates, PEM. Callers must have one."),
    ] = "",
    auth_token_file: Annotated[
        str,
        Option(help="File with TOKEN or TOKEN ROLE on each line. Callers need one."),
    ] = "",
    allowed_host: Annotated[
        list[str] | None,
        Option(help="Further allowed value of the Host header; * for any."),
    ] = None,
    allow_plaintext: Annotated[
        bool, Option(help="Allow addresses that others can reach without TLS.")
    ] = False,
):
    """Serves recommendations over HTTP, takes events and stores user states.

    A page for trying it and /docs, the list of routes, are at its address.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    _check_titles(items, model_folder)
    word_settings = read_words(words)
    identity = read_identity(ca, cert, key, token_file)
    tls = read_tls_files(tls_cert, tls_key, tls_client_ca)
    tokens = Tokens(auth_token_file, _TOKENS) if auth_token_file else None
    _check_openness(host, tls, tokens, allowed_host or [], allow_plaintext)
    # FastAPI takes a second to import.
    from serving.gateway.app import make_app
    from serving.gateway.door import LIMITS, Hosts, make_door, write_error
    from serving.gateway.feedback import Reaction, Reactions
    from serving.gateway.impression_routes import add_log
    from serving.gateway.online_interests import read_settings
    from serving.gateway.profiles import read_profiles
    from serving.gateway.ruling import add_rules
    from serving.gateway.titles import ItemTitles
    from serving.http.listening import HttpServer
    from tfrec.export.item_log import ItemLog
    from tfrec.protocol import tracing

    tracing.start("tfrec-gateway")
    chosen = (Reaction.read(like), Reaction.read(skip), frozenset(_split(hide)))
    settings, catalogue = read_settings(interest), ItemTitles(items)
    states = open_states(store)
    writer = open_writer(states, log, log_keep_days, log_interval_s)
    link = _model_client((target, model), identity, catalogue, model_folder)
    reactions = Reactions(lambda: link.kinds, *chosen)
    item_log = ItemLog.of(model_folder) if model_folder else None
    texts = read_profiles(profiles) if profiles else {}
    parts = (reactions, _split(users), item_log, settings, texts)
    app = make_app(states, link, catalogue, *parts)
    add_rules(app, rules, link, catalogue, states)
    if writer:
        add_log(app, writer, states, model)
    writing = _add_words(app, word_settings, sentences_by_model)
    door = make_door(app, Gate(tokens), Hosts(host, allowed_host or []))
    context = tls.context() if tls else None
    _run(HttpServer(door, host, port, LIMITS, write_error, context), bool(tls))
    writing.close()
    link.close()
    if writer:
        app.state.impressions.close()
        writer.close()
    states.close()


def _model_client(place, identity, catalogue, model_folder):
    """A `ModelClient` of an address and a model, which the titles follow."""
    from serving.gateway.model_client import ModelClient
    from serving.gateway.served_titles import ServedTitles
    from tfrec.client.client import RecommenderClient

    client = RecommenderClient(*place, timeout_s=MODEL_TIMEOUT_S, **vars(identity))
    titles = [ServedTitles(catalogue, model_folder).follow] if model_folder else []
    link = ModelClient(client, *titles)
    link.look()
    return link


def _add_words(app, settings, has_sentences):
    """Adds what a language model writes, and lets it read sentences where it may."""
    from serving.gateway.texts import add_texts
    from serving.sentences.model_parser import ModelParser

    model = open_model(settings)
    if has_sentences:
        if model is None:
            raise ConfigError(
                "`--sentences-by-model` must be given with `--words` of a language "
                "model, because templates read nothing. Give both, or neither."
            )
        parser = ModelParser(model, may_share=settings.share_personal)
        app.state.asking.model_parser = parser
    return add_texts(app, settings, model)


def _check_titles(items, model_folder):
    if items and model_folder:
        raise ConfigError(
            "Either `--items` or `--model-folder` may be given, because the titles in "
            "that folder are those of the version that is served."
        )


def _run(server, is_tls):
    """Answers until a signal comes, and ends in its grace time then."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    server.start()
    scheme = "https" if is_tls else "http"
    print(f"Running gateway at {scheme}://{server.address} ...", flush=True)
    stopped.wait()
    server.drain()


def _check_openness(host, tls, tokens, allowed_hosts, allow_plaintext):
    """Everybody's history is here: others may come only with certificate and token."""
    is_private = bool(tls) or allow_plaintext
    ways = "`--tls-cert` and `--tls-key`, or `--allow-plaintext`"
    check_privacy(host, is_private, ways)
    is_known = tokens or (tls and tls.client_verify)
    if not (is_known or is_loopback(host)):
        raise ConfigError(
            f"`{_TOKENS}` must be given, because others can reach `--host` {host} and "
            "the gateway holds everybody's history. Give it, or `--tls-client-ca`."
        )
    if "*" in allowed_hosts and not is_known:
        raise ConfigError(
            f"`--allowed-host` must be a name without `{_TOKENS}`, because any web "
            "page could ask this gateway then. Received: *. Name the hosts."
        )


def _split(text):
    return [part.strip() for part in text.split(",") if part.strip()]


def main():
    """Entry point of `tfrec-gateway`."""
    run_program(serve)


if __name__ == "__main__":
    main()
