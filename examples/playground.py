"""A page on which you try the demo's model, on people of MovieLens-100k.

    make playground

Brings up the model server, the gateway with its page, and a store with the ratings of
some people; Ctrl-C ends all of it. What you click is kept in runs/playground/, which
may be deleted. It is an example and not a part of `serving`, which knows no data set.
"""

import contextlib
import pathlib
import re
import time
from typing import Annotated

from rich.console import Console
from typer import Option

from examples.demo import newest_version, train
from serving.local import (
    interrupt_on_every_ending,
    last_words,
    running_program,
    running_server,
)
from tfrec.errors import TfrecError
from tfrec.program import run_program

DEMO_MODEL = pathlib.Path("saved_models/movielens")
LISTENING = re.compile(r"Running gateway at (http://\S+) \.\.\.")
# People of 30 to 55 ratings, each the one with the largest part of the kind named.
PEOPLE = {
    "471": "films for children",
    "366": "horror",
    "904": "romance",
    "337": "science fiction",
    "396": "thrillers",
}
LOOK_S = 0.5  # between two looks at the processes
WEEK_S = 7 * 86_400

console = Console(highlight=False)


class PlaygroundError(TfrecError, RuntimeError):
    """A part of the playground failed."""


def playground(
    model: Annotated[
        pathlib.Path, Option(help="Folder of the model, with its versions.")
    ] = DEMO_MODEL,
    folder: Annotated[
        pathlib.Path, Option(help="Folder for user states and logs.")
    ] = pathlib.Path("runs/playground"),
    port: Annotated[int, Option(help="Port of the page; 0 takes a free one.")] = 0,
):
    """Serves a page where each click changes the recommendations."""
    interrupt_on_every_ending()
    try:
        version = trained_version(model)
        folder.mkdir(parents=True, exist_ok=True)
        store = f"sqlite:///{folder / 'states.db'}"
        import_people(store)
        serve(model, version, store, folder, port)
    except KeyboardInterrupt:
        console.print("\nThe playground has ended.")


def trained_version(model):
    """The newest version folder; trains the demo's model first if there is none."""
    if not newest_version(model):
        if model != DEMO_MODEL:
            raise PlaygroundError(
                f"`--model` must be a folder of version folders. Received: {model}. "
                "Leave it out for the demo's, which is trained if need be."
            )
        console.print(f"There is no saved model in {model}: training one first.")
        train()
    return newest_version(model)


# === People ===


def import_people(store):
    """Puts the ratings of some people into the store, unless they are there."""
    from serving.user_states.opening import open_states

    states = open_states(store)
    absent = [user_id for user_id in PEOPLE if not states.get(user_id).version]
    if absent:
        console.print(f"Importing the ratings of {len(absent)} people ...")
        states.append(rating_events(absent, now=int(time.time())))
    states.close()


def rating_events(people, now):
    """Their ratings as events, brought forward by whole weeks.

    The log ends in April 1998. A click of today would stand alone beside ratings that
    are decades old, so each person's are moved: the last lies within the last week, and
    hours, weekdays and pauses stay as they were.
    """
    from serving.user_states.events import Event
    from tfrec.datasets.registry import load_dataset

    log = load_dataset("movielens-100k").events.frame
    columns = ["user_id", "item_id", "timestamp", "event", "value", "sequence"]
    log = log.loc[log["user_id"].isin(people), columns]
    last = log.groupby("user_id")["timestamp"].transform("max")
    moved = log.assign(timestamp=log["timestamp"] + (now - last) // WEEK_S * WEEK_S)
    return [Event(**row) for row in moved.to_dict("records")]


# === Programs ===


def serve(model, version, store, folder, port):
    """Runs server and gateway until Ctrl-C, or until one of them ends."""
    with contextlib.ExitStack() as stack:
        console.print("Starting the model server ...")
        server = running_server({model.name: model}, folder)
        target, server_process = stack.enter_context(server)
        command = gateway_command(target, model.name, version, store, port)
        log_path = folder / "gateway.log"
        gateway = running_program(command, LISTENING, log_path)
        address, gateway_process = stack.enter_context(gateway)
        tell(address, folder)
        processes = {folder / "server.log": server_process, log_path: gateway_process}
        watch(processes)


def gateway_command(target, name, version, store, port):
    """Flags of the gateway."""
    command = ["serving.gateway", "--target", target, "--model", name]
    command += ["--store", store, "--port", str(port)]
    command += ["--items", str(version / "assets.extra" / "items.parquet")]
    return [*command, "--users", ",".join(PEOPLE)]


def tell(address, folder):
    """Where the page is, and who can be picked."""
    console.print(f"\n[bold]{address}[/bold]\n")
    for user_id, taste in PEOPLE.items():
        console.print(f"  user {user_id}  many ratings: {taste}")
    console.print(
        "\nTheir ratings are moved to end within the last week. States and logs are in "
        f"{folder}. Ctrl-C ends all programs.",
        soft_wrap=True,
    )


def watch(processes):
    """Returns never; raises when a process has ended."""
    while True:
        for log_path, process in processes.items():
            if process.poll() is not None:
                raise PlaygroundError(
                    f"{process.args[2]} ended with exit code {process.returncode}. "
                    f"{last_words(log_path)}"
                )
        time.sleep(LOOK_S)


def main():
    """Entry point of `make playground`."""
    run_program(playground)


if __name__ == "__main__":
    main()
