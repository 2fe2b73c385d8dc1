"""The whole road on MovieLens-100k: train, serve, ask, score a batch.

    make demo

It runs the programs that anybody would run, each as its own process, and asks the
server what a film site would ask: for somebody who has rated many films, for
somebody new, for a search text, and once more after one more film.
"""

import contextlib
import functools
import json
import pathlib
import subprocess
import sys
import time
from typing import Annotated

import pandas as pd
import typer
from rich.console import Console
from rich.panel import Panel
from rich.rule import Rule

from examples.films import Films
from examples.tables import figures, recommendations
from serving.local import interrupt_on_every_ending, running_server
from tfrec.client.client import RecommenderClient
from tfrec.data.writers import write_folder
from tfrec.datasets.registry import load_dataset
from tfrec.errors import TfrecError
from tfrec.program import run_program

CONFIG = "training/configs/movielens.toml"
NAME = "movielens"  # `run.name` of the configuration
MODELS, RUN = pathlib.Path("saved_models"), pathlib.Path("runs", NAME)
FOLDER = pathlib.Path("runs", "demo")
NUM_SHOWN = 8  # films per answer
FIRST_FILMS = ("Star Wars", "The Empire Strikes Back", "Alien")
NEXT_FILM = "Beauty and the Beast"
SEARCH = "a funny animated film for children"
PROBABILITY = (
    "Probability: that of a film that this person chooses against a random one. The "
    "log has no films that were refused."
)

console = Console()


class DemoError(TfrecError, RuntimeError):
    """A step of the demo failed."""


def demo(
    skip_training: Annotated[
        bool,
        typer.Option("--skip-training", help="Use the saved models of an earlier run."),
    ] = False,
):
    """Trains on MovieLens-100k, serves the model, sends requests, scores a batch."""
    interrupt_on_every_ending()
    seconds = {}
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not skip_training:
        console.print(Rule("1. Train, judge, export"))
        with timed(seconds, "train, judge, export"):
            train()
    films = Films(load_dataset("movielens-100k"))
    models = {path.name: path for path in saved_models()}
    console.print(Rule("2. Serve and ask"))
    with contextlib.ExitStack() as stack:
        with timed(seconds, "start the server"):
            target, server = stack.enter_context(running_server(models, FOLDER))
        console.print(f"Server {server.pid} at {target} has {', '.join(models)}.")
        with timed(seconds, "ask over gRPC"):
            answer = ask_all(target, films, list(models))
    console.print(f"Server {server.pid} has ended.")
    console.print(Rule("3. Score a batch"))
    with timed(seconds, "score a batch"):
        out = score_batch(films)
    show_batch(out, films, answer)
    show_summary(seconds, out, models)


# === 1. Train ===


def train():
    """Runs `python -m training.train`, whose own progress is shown."""
    command = ["training.train", CONFIG]
    if not has_scann():
        command += ["--set", "export.index=exact"]
    run(*command)


@functools.cache
def has_scann():
    """Whether a program of ours would find ScaNN; this one needs no TensorFlow."""
    code = "import sys; from tfrec import compat; sys.exit(not compat.has_scann())"
    return subprocess.run([sys.executable, "-c", code]).returncode == 0


def run(*command):
    """Runs a program of ours; its output is shown."""
    console.print(f"[dim]$ python -m {' '.join(command)}[/dim]", soft_wrap=True)
    code = subprocess.run([sys.executable, "-m", *command]).returncode
    if code:
        raise DemoError(f"`python -m {command[0]}` ended with exit code {code}.")


def saved_models():
    """Folders of both flavours, or of the exact one where there is no ScaNN."""
    folders = [MODELS / NAME, MODELS / f"{NAME}-scann"]
    if not newest_version(folders[0]):
        raise DemoError(f"There is no saved model in {folders[0]}. Train first.")
    return folders if newest_version(folders[1]) and has_scann() else folders[:1]


def newest_version(folder):
    """The newest version folder, or None."""
    versions = [path for path in folder.glob("*") if path.name.isdecimal()]
    return max(versions, key=lambda path: int(path.name), default=None)


# === 2. Ask ===


def ask_all(target, films, models):
    """Asks the server in four ways, and each flavour; ids of the first answer."""
    items = newest_version(MODELS / NAME) / "assets.extra" / "items.parquet"
    with contextlib.ExitStack() as stack:
        clients = [
            stack.enter_context(RecommenderClient(target, model, items=items))
            for model in models
        ]
        exact, *others = clients
        exact.recommend()  # the first call imports the protocol's messages
        answer = ask_for_known_user(exact, films)
        ask_for_newcomer(exact, films)
        ask_with_words(exact)
        for client in others:
            compare_flavours(client, films, answer)
    return answer


def ask_for_known_user(client, films):
    """Somebody whose ratings the log holds, with the reasons for each answer."""
    user_id = films.usual_user()
    wish = films.wish(user_id)
    history = films.history(user_id)
    found, took = recommend(client, history, **wish)
    shares = client.explain([each.item_id for each in found], history, **wish)
    reasons = [films.reasons(history, each) for each in shares]
    latest = [
        f"{films.name(event.item_id)} {'★' * int(event.value)}"
        for event in history.tail(5).itertuples()
    ]
    console.print(
        Panel(
            f"{wish['user_text']}\n{len(history)} ratings, at last "
            f"{', '.join(latest)}.",
            title=f"User {user_id}",
        )
    )
    console.print(
        recommendations(
            found, f"For user {user_id}, in {took:.1f} ms", because_of=reasons
        )
    )
    console.print(f"[dim]{PROBABILITY}[/dim]")
    return found


def ask_for_newcomer(client, films):
    """Somebody new after three films, and after one film more."""
    first = [liked(films, title) for title in FIRST_FILMS]
    before, _ = recommend(client, first)
    after, took = recommend(client, [*first, liked(films, NEXT_FILM)])
    told = f"Has watched, and liked, {', '.join(FIRST_FILMS)}."
    console.print(Panel(told, title="Somebody new"))
    places = {each.item_id: place for place, each in enumerate(before, start=1)}
    moves = [moved(places.get(each.item_id), now) for now, each in enumerate(after, 1)]
    console.print(recommendations(before, "After three films"))
    title = f"After {NEXT_FILM} as well, {took:.1f} ms later"
    console.print(recommendations(after, title, before=moves))


def liked(films, title):
    """An event as the client takes it: item id, kind, value."""
    return films.ids[title], "rating", 5.0


def moved(old, new):
    """In words, where a film was before."""
    if old is None:
        return "new"
    return "same place" if old == new else f"was {old}"


def ask_with_words(client):
    """A search text, from a user without a history."""
    found, took = recommend(client, (), query_text=SEARCH)
    told = f"“{SEARCH}”, looked for in titles, years and genres"
    console.print(Panel(told, title="A search in words"))
    console.print(recommendations(found, f"Found by text, in {took:.1f} ms"))


def compare_flavours(client, films, expected):
    """The same question to the ScaNN flavour."""
    user_id = films.usual_user()
    found, took = recommend(client, films.history(user_id), **films.wish(user_id))
    same = {each.item_id for each in found} & {each.item_id for each in expected}
    console.print(
        f"{client.model_name} gives user {user_id} {len(same)} of the same "
        f"{len(expected)} films, in {took:.1f} ms."
    )


def recommend(client, history, **wishes):
    """`(recommendations, milliseconds)` of the second of two equal questions."""
    client.recommend(history, k=NUM_SHOWN, **wishes)
    start = time.perf_counter()
    found = client.recommend(history, k=NUM_SHOWN, **wishes)
    return found, 1000 * (time.perf_counter() - start)


# === 3. Score a batch ===


def score_batch(films):
    """Writes the log as a folder and scores everybody in it; path of the result."""
    log, out = FOLDER / "log", FOLDER / "recommendations.parquet"
    write_folder(films.dataset, log)
    tables = ["--events", f"{log}/events.parquet", "--users", f"{log}/users.parquet"]
    model = ["--model", str(MODELS / NAME), "--k", str(NUM_SHOWN)]
    run("serving.batch_score", *model, *tables, "--out", str(out))
    return out


def show_batch(out, films, answer):
    """What the batch holds, and whether it agrees with the server."""
    rows = pd.read_parquet(out)
    user_id = films.usual_user()
    own = rows[rows["user_id"] == user_id].sort_values("rank")["item_id"].tolist()
    agrees = own == [each.item_id for each in answer]
    console.print(
        f"{len(rows):,} rows for {rows['user_id'].nunique():,} users. User {user_id} "
        f"gets {'the same films in the same order' if agrees else 'other films'} as "
        "over gRPC."
    )


# === Summary ===


def show_summary(seconds, out, models):
    """Figures, files and times."""
    console.print(Rule("Summary"))
    report = json.loads((RUN / "report.json").read_text(encoding="utf-8"))
    console.print(figures(report))
    for path, what in {
        RUN / "report.md": "all figures, with intervals and slices",
        **{
            newest_version(path): f"saved model {name}" for name, path in models.items()
        },
        out: "recommendations for everybody",
        FOLDER / "server.log": "what the server said",
    }.items():
        console.print(f"{path}  [dim]{what}[/dim]", highlight=False, soft_wrap=True)
    spent = ", ".join(f"{name} {value:.0f} s" for name, value in seconds.items())
    console.print(f"Time: {spent}; {sum(seconds.values()):.0f} s in all.")


@contextlib.contextmanager
def timed(seconds, name):
    """Notes how long a block took."""
    start = time.perf_counter()
    yield
    seconds[name] = time.perf_counter() - start


def main():
    """Entry point of `make demo`."""
    run_program(demo)


if __name__ == "__main__":
    main()
