"""Asks a server of the TF Serving protocol for recommendations.

python -m serving.client --target 127.0.0.1:8500 --model tfrec --history 50,181
"""

from typing import Annotated

from typer import Option

from tfrec.client.client import RecommenderClient
from tfrec.client.identity import Ca, Cert, Key, TokenFile, read_identity
from tfrec.program import run_program


def recommend(
    target: Annotated[str, Option(help="HOST:PORT of the server, over gRPC.")],
    model: Annotated[str, Option(help="Name of the model on the server.")],
    history: Annotated[
        str, Option(help="Item ids, oldest first, separated by commas.")
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
    that title; neither needs to be known.
    """
    identity = read_identity(ca, cert, key, token_file)
    with RecommenderClient(
        target, model, timeout_s=timeout_s, items=items, **vars(identity)
    ) as client:
        if title or text or category:
            of_item = {"text": text, "category": category}
            (probability,) = client.score_texts(user_text, title, **of_item)
            print(f"Probability of interest: {probability:.3f}")
            return
        found = client.recommend(
            _split(history),
            k=k,
            user_text=user_text,
            query_text=query_text,
            exclude=_split(exclude),
            categories=_split(categories),
            min_probability=min_probability,
            diversity=diversity,
            now=now,
            allow_repeats=allow_repeats,
        )
    _print_table(found)


def main():
    """Entry point of `tfrec-recommend`."""
    run_program(recommend)


def _print_table(found):
    from rich.console import Console
    from rich.table import Table

    table = Table("rank", "item", "title", "probability", "score")
    for rank, item in enumerate(found, start=1):
        numbers = (f"{item.probability:.3f}", f"{item.score:.4f}")
        table.add_row(str(rank), item.item_id, item.title, *numbers)
    Console().print(table if found else "No item fits these options.")


def _split(text):
    return [part.strip() for part in text.split(",") if part.strip()]


if __name__ == "__main__":
    main()
