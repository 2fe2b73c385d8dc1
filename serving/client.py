"""Asks a server of the TF Serving protocol for recommendations.

python -m serving.client --target 127.0.0.1:8500 --model tfrec --history 50,181
"""

from typing import Annotated

from typer import Option

from tfrec.client.client import RecommenderClient
from tfrec.client.identity import Ca, Cert, Key, TokenFile, read_identity
from tfrec.program import run_program


def recommend(
    target: Annotated[str, Option(help="HOST:PORT of the server.")],
    model: Annotated[str, Option(help="What the server calls the model.")],
    history: Annotated[str, Option(help="Item ids, oldest first, with commas.")] = "",
    k: Annotated[int, Option("--k", "-k", help="How many items.")] = 10,
    user_text: Annotated[str, Option(help="Profile.")] = "",
    query_text: Annotated[str, Option(help="What is looked for, in words.")] = "",
    exclude: Annotated[str, Option(help="Item ids that must not come.")] = "",
    categories: Annotated[str, Option(help="Those wanted; none for all.")] = "",
    min_probability: Annotated[float, Option(help="Lowest to show.")] = 0.0,
    diversity: Annotated[float, Option(help="0: the best; 1: unlike items.")] = 0.0,
    now: Annotated[
        str, Option(help="Time of asking: UTC seconds or ISO 8601; else right away.")
    ] = "",
    allow_repeats: Annotated[bool, Option("--allow-repeats")] = False,
    items: Annotated[str, Option(help="Parquet file with titles.")] = "",
    timeout_s: Annotated[float, Option(help="Seconds to wait.")] = 10,
    ca: Ca = "",
    cert: Cert = "",
    key: Key = "",
    token_file: TokenFile = "",
):
    """Asks a server for recommendations and prints them."""
    identity = read_identity(ca, cert, key, token_file)
    with RecommenderClient(
        target, model, timeout_s=timeout_s, items=items, **vars(identity)
    ) as client:
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
    Console().print(table if found else "No item is allowed by these wishes.")


def _split(text):
    return [part.strip() for part in text.split(",") if part.strip()]


if __name__ == "__main__":
    main()
