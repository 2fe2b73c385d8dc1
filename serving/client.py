"""Asks a server of the TF Serving protocol for recommendations.

python -m serving.client --target 127.0.0.1:8500 --model tfrec --history 50,181
"""

import os
from typing import Annotated

from typer import Option

from tfrec.client.answers import Recommendation
from tfrec.client.client import RecommenderClient
from tfrec.client.identity import Ca, Cert, Key, TokenFile, read_identity
from tfrec.errors import ConfigError
from tfrec.program import read_pairs, run_program
from tfrec.reasons.sentences import LANGS, Lang, messages, sentence


def recommend(
    target: Annotated[str, Option(help="HOST:PORT of the server, over gRPC.")],
    model: Annotated[str, Option(help="Name of the model on the server.")],
    history: Annotated[
        str, Option(help="Item ids, oldest first, separated by commas.")
    ] = "",
    similar: Annotated[
        str, Option(help="Item id: items that are like it, for anybody.")
    ] = "",
    k: Annotated[int, Option("--k", "-k", help="Number of items.")] = 10,
    user_text: Annotated[str, Option(help="Profile of the user.")] = "",
    query_text: Annotated[str, Option(help="Search text.")] = "",
    title: Annotated[
        str, Option(help="Title of an item: is somebody of this --user-text for it?")
    ] = "",
    text: Annotated[str, Option(help="More of that item's text.")] = "",
    category: Annotated[str, Option(help='Its categories, such as "drama|war".')] = "",
    exclude: Annotated[
        str, Option(help="Item ids to leave out, separated by commas.")
    ] = "",
    categories: Annotated[
        str, Option(help="Categories, separated by commas. Default: all.")
    ] = "",
    domain: Annotated[
        str, Option(help="Domains, separated by commas. Default: all.")
    ] = "",
    filter: Annotated[
        list[str] | None,
        Option(help="Limit of an attribute: price_max=10, brand_any=acme|zeta."),
    ] = None,
    user_feature: Annotated[
        list[str] | None, Option(help="Column of the user, such as age=31.")
    ] = None,
    context: Annotated[
        list[str] | None, Option(help="Column of the request, such as device=phone.")
    ] = None,
    min_probability: Annotated[float, Option(help="Lowest probability.")] = 0.0,
    diversity: Annotated[
        float, Option(help="0: the best items; 1: unlike items.")
    ] = 0.0,
    now: Annotated[
        str, Option(help="Time of the request: UTC seconds or ISO 8601. Default: now.")
    ] = "",
    allow_repeats: Annotated[
        bool, Option("--allow-repeats", help="Items of the history may be recommended.")
    ] = False,
    items: Annotated[
        str, Option(help="Parquet file with titles, such as items.parquet.")
    ] = "",
    explain: Annotated[
        bool, Option("--explain", help="Say which event speaks for each item.")
    ] = False,
    lang: Annotated[
        str, Option(help="Language: en or zh. Default: by LC_ALL, LC_MESSAGES, LANG.")
    ] = "",
    timeout_s: Annotated[
        float, Option(help="Longest wait for an answer, in seconds.")
    ] = 10,
    ca: Ca = "",
    cert: Cert = "",
    key: Key = "",
    token_file: TokenFile = "",
):
    """Asks a model server for recommendations and prints them.

    With --title, it asks how likely somebody of --user-text is interested in an item of
    that title; neither needs to be known. With --similar, it asks for the items that
    are like one, and takes --k, --exclude, --categories, --domain, --filter and --now.
    """
    identity, language = read_identity(ca, cert, key, token_file), _language(lang)
    texts = {
        "user_text": user_text,
        "query_text": query_text,
        "now": now,
        "user_features": read_pairs("--user-feature", user_feature),
        "context": read_pairs("--context", context),
    }
    chosen = {
        "filters": read_pairs("--filter", filter),
        "k": k,
        "exclude": _split(exclude),
        "categories": _split(categories),
        "domain": _split(domain),
    }
    with RecommenderClient(
        target, model, timeout_s=timeout_s, items=items, **vars(identity)
    ) as client:
        if title or text or category:
            of_item = {"text": text, "category": category}
            (probability,) = client.score_texts(user_text, title, **of_item)
            print(f"Probability of interest: {probability:.3f}")
            return
        if similar:
            (likes,) = client.similar([similar], now=now, **chosen)
            _print_table(likes, None, language)
            return
        found = client.recommend(
            _split(history),
            **chosen,
            min_probability=min_probability,
            diversity=diversity,
            allow_repeats=allow_repeats,
            **texts,
        )
        reasons = None
        if explain:
            ids = [item.item_id for item in found]
            evidence = client.evidence(ids, _split(history), **texts)
            reasons = [sentence(each, language) or "" for each in evidence]
    _print_table(found, reasons, language)


def main():
    """Entry point of `tfrec-recommend`."""
    run_program(recommend)


def _language(chosen: str) -> Lang:
    """The language of what is printed, else that of the environment."""
    if chosen and chosen not in LANGS:
        raise ConfigError(f"`--lang` must be en or zh. Received: {chosen!r}.")
    names = ("LC_ALL", "LC_MESSAGES", "LANG")  # the first that is set counts
    given = [chosen, *(os.environ.get(name, "") for name in names)]
    first = next((each for each in given if each), "")
    return "zh" if first.startswith("zh") else "en"


def _print_table(found, reasons, lang):
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    words = messages(lang)
    is_for_somebody = any(isinstance(item, Recommendation) for item in found)
    names = ["rank", "item", "title"]
    names += ["probability"] if is_for_somebody else []
    names += ["score"]
    names += ["reason"] if reasons is not None else []
    table = Table(*(words[name] for name in names))
    for place, item in enumerate(found):
        cells = [str(place + 1), item.item_id, item.title]
        cells += [f"{item.probability:.3f}"] if is_for_somebody else []
        cells += [f"{item.score:.4f}"]
        cells += [reasons[place]] if reasons is not None else []
        table.add_row(*map(Text, cells))  # brackets in titles mean nothing
    Console().print(table if found else words["nothing"])


def _split(text):
    return [part.strip() for part in text.split(",") if part.strip()]


if __name__ == "__main__":
    main()
