"""SIGKILL to consumer, gateway, store and broker at random moments, under load.

Claim: no acknowledged event is lost, none is applied twice, and the states equal a
replay of the log after every round. The broker keeps nothing over its own death: what
it held and nobody had consumed is sent again.

    python benchmarks/faults_online.py --rounds 20
"""

import pathlib
import random
import sys
import tempfile
import time

import typer
from rich.console import Console
from rich.table import Table

# The tests' processes serve here as well.
sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from tests.serving.online.faults import Load, run_round, running_system

VICTIMS = ("consumer", "gateway", "store", "broker")


def main(rounds: int = 20, seed: int = 0):
    """Runs rounds of load, kill, restart and comparison; exit code 1 if one failed."""
    rng, console, has_failed = random.Random(seed), Console(), False
    table = Table("round", "killed", "posted", "streamed", "seconds", "wrong")
    with (
        tempfile.TemporaryDirectory() as folder,
        running_system(pathlib.Path(folder)) as system,
    ):
        load = Load(system)
        for number in range(1, rounds + 1):
            victim, started = rng.choice(VICTIMS), time.monotonic()
            wrong = run_round(system, load, victim, rng)
            has_failed |= bool(wrong)
            counts = (str(load.sent["posted"]), str(load.sent["streamed"]))
            seconds = f"{time.monotonic() - started:.1f}"
            words = "; ".join(wrong) or "nothing"
            table.add_row(str(number), victim, *counts, seconds, words)
            console.print(f"Round {number}, {victim}: {words}.")
    console.print(table)
    raise typer.Exit(int(has_failed))


if __name__ == "__main__":
    typer.run(main)
